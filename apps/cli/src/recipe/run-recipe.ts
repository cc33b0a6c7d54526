/** The file that runs a recipe by Headgate's training contract; it belongs to whoever owns the recipe. */
export const runRecipeFile = 'run_recipe.py'

export const runRecipe = `"""Runs the MLflow recipe beside this file by Headgate's contracts. Needs mlflow<3, and \`make\`.

    python run_recipe.py train PROFILE [--test-data FILE --id COLUMN]
    python run_recipe.py predict PROFILE --id COLUMN

\`train\` leaves model/, predictions.parquet and metrics.json in HEADGATE_OUTPUT. The predictions are of the
recipe's own test rows, told apart by their place, unless a file of held-out rows is named. \`predict\` scores
HEADGATE_DATA with HEADGATE_MODEL. The recipe's step \`register\` is not run: what the gate accepts, Headgate registers.
"""

import argparse
import json
import os
import shutil
from pathlib import Path

import mlflow
import pandas as pd
from mlflow.recipes import Recipe
from mlflow.recipes.utils import get_recipe_config

START = Path.cwd()
ROOT = Path(__file__).resolve().parent


def train(config, profile, test_data, identifier):
    refuse_other_data(config)
    output = Path(os.environ["HEADGATE_OUTPUT"])
    recipe = Recipe(profile=profile)
    # A recipe does not notice that its data changed.
    recipe.clean()
    recipe.run("evaluate")
    folder = Path(recipe._get_artifact("model").path()).parent
    shutil.copytree(folder, output / "model")
    rows = recipe.get_artifact("test_data") if test_data is None else pd.read_parquet(START / test_data)
    predictions(config, output / "model", rows, identifier).to_parquet(output / "predictions.parquet", index=False)
    metrics = recipe.get_artifact("run").data.metrics
    tested = {name.removeprefix("test_"): value for name, value in metrics.items() if name.startswith("test_")}
    (output / "metrics.json").write_text(json.dumps(tested, indent=2) + "\\n")


def predict(config, identifier):
    rows = pd.concat([pd.read_parquet(path) for path in os.environ["HEADGATE_DATA"].splitlines()], ignore_index=True)
    scored = predictions(config, Path(os.environ["HEADGATE_MODEL"]), rows, identifier)
    scored.to_parquet(Path(os.environ["HEADGATE_OUTPUT"]) / "predictions.parquet", index=False)


def predictions(config, model, rows, identifier):
    """Ids, truth where it is known, predictions, and scores where the recipe's model gives some."""
    target = config["target_col"]
    rows = rows.reset_index(drop=True)
    predicted = mlflow.pyfunc.load_model(str(model)).predict(rows.drop(columns=[target], errors="ignore"))
    result = pd.DataFrame({identifier or "id": rows[identifier] if identifier else rows.index})
    if target in rows:
        result[target] = rows[target]
    if not isinstance(predicted, pd.DataFrame):
        return result.assign(prediction=predicted)
    prefix = ((config["steps"].get("train") or {}).get("predict_prefix")) or "predicted_"
    result["prediction"] = predicted[f"{prefix}label"]
    positive = config.get("positive_class")
    if positive is not None:
        return result.assign(score=predicted[f"{prefix}score_{positive}"])
    scores = predicted.filter(like=f"{prefix}score_")
    return result.join(scores.rename(columns=lambda name: name.removeprefix(prefix)))


def refuse_other_data(config):
    """Headgate vouches for the data that it was told of: the recipe must read just these."""
    location = config["steps"]["ingest"].get("location") or []
    locations = [location] if isinstance(location, str) else location
    if any("://" in one for one in locations):
        return
    read = {(ROOT / one).resolve() for one in locations}
    given = {Path(one).resolve() for one in os.environ.get("HEADGATE_DATA", "").splitlines() if one}
    if read and given != read:
        named = ", ".join(sorted(map(str, given)))
        raise SystemExit(f"The recipe reads {', '.join(sorted(map(str, read)))}, headgate.yml names {named}.")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("command", choices=["train", "predict"])
    parser.add_argument("profile")
    parser.add_argument("--test-data")
    parser.add_argument("--id")
    arguments = parser.parse_args()
    # A recipe is looked for from the work folder upwards.
    os.chdir(ROOT)
    config = get_recipe_config(profile=arguments.profile)
    if arguments.command == "train":
        train(config, arguments.profile, arguments.test_data, arguments.id)
    else:
        predict(config, arguments.id)
`
