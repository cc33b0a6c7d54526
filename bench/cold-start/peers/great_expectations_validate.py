"""The contract's checks of rows.csv with Great Expectations."""
import great_expectations as gx
import great_expectations.expectations as expect
import pandas as pd

rows = pd.read_csv("rows.csv")
context = gx.get_context(mode="ephemeral")
context.variables.progress_bars = {"globally": False}
asset = context.data_sources.add_pandas("rows").add_dataframe_asset("rows")
batch = asset.add_batch_definition_whole_dataframe("all").get_batch({"dataframe": rows})
suite = gx.ExpectationSuite(
    name="contract",
    expectations=[
        expect.ExpectTableRowCountToEqual(value=100),
        *[expect.ExpectColumnValuesToNotBeNull(column=column) for column in rows.columns],
        expect.ExpectColumnValuesToBeUnique(column="id"),
        expect.ExpectColumnValuesToBeBetween(column="amount", min_value=0, max_value=500),
        expect.ExpectColumnValuesToBeBetween(column="age", min_value=18, max_value=120),
        expect.ExpectColumnValuesToBeInSet(column="country", value_set=["CH", "DE", "FR"]),
        expect.ExpectColumnValuesToBeInSet(column="label", value_set=[0, 1]),
    ],
)
result = batch.validate(suite)
assert result.success, result
