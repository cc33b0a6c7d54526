import json

import pytest

from flight_delays import features, model, parameters
from flight_delays.columns import LABEL, NUMBERS

FLIGHT = {
    "carrier": "UA", "origin": "EWR", "distance": 1400, "departure_hour": 18.0, "temperature": 50.0,
    "humidity": 60.0, "precipitation": 0.0, "origin_delay": 0.0, "carrier_delay": -1.0, "route_delay": 30.0,
}  # fmt: skip


def described(flight):
    return dict(zip(features.names(), features.vector(flight), strict=True))


def test_every_input_of_the_model_has_a_name():
    inputs = described(FLIGHT)
    assert inputs["distance"] == 1.4
    assert inputs["hour"] == 0.75
    assert inputs["route_delay>10"] == 1.0
    assert inputs["carrier=UA"] == 1.0
    assert sum(value for name, value in inputs.items() if name.startswith("carrier=")) == 1.0


def test_an_unknown_delay_is_told_apart_from_no_delay():
    assert described(FLIGHT)["origin_delay unknown"] == 0.0
    for unknown in (None, float("nan")):
        assert described({**FLIGHT, "origin_delay": unknown})["origin_delay unknown"] == 1.0


def test_an_unknown_carrier_is_none_of_the_known_ones():
    inputs = described({**FLIGHT, "carrier": "ZZ"})
    assert all(value == 0.0 for name, value in inputs.items() if name.startswith("carrier="))


def test_the_label_is_no_feature():
    assert features.vector({**FLIGHT, LABEL: 1}) == features.vector({**FLIGHT, LABEL: 0})


@pytest.mark.parametrize("name", NUMBERS)
def test_a_request_must_carry_numbers(name):
    assert features.problem(FLIGHT) is None
    assert name in features.problem({**FLIGHT, name: "ten"})
    assert name in features.problem({key: value for key, value in FLIGHT.items() if key != name})


def test_a_stored_model_scores_as_the_logistic_function_says(tmp_path):
    coefficients = [0.0] * len(features.names())
    coefficients[features.names().index("distance")] = 2.0
    model.save(tmp_path, -1.8, coefficients)
    assert model.score(model.load(tmp_path), FLIGHT) == pytest.approx(0.7310585786300049)  # logit 1


def test_a_model_of_other_features_is_refused(tmp_path):
    model.save(tmp_path, 0.0, [0.0] * len(features.names()))
    stored = json.loads((tmp_path / model.FILE).read_text())
    stored["coefficients"].pop("distance")
    (tmp_path / model.FILE).write_text(json.dumps(stored))
    with pytest.raises(ValueError, match="other features"):
        model.load(tmp_path)


def test_parameters_may_be_text_and_must_be_known(tmp_path):
    file = tmp_path / "parameters.json"
    file.write_text('{"shuffle_labels": "true", "regularization": "3"}')
    chosen = parameters.read(file)
    assert (chosen["shuffle_labels"], chosen["regularization"], chosen["seed"]) == (True, 3.0, 7)
    file.write_text('{"learning_rate": 1}')
    with pytest.raises(SystemExit, match="learning_rate"):
        parameters.read(file)
