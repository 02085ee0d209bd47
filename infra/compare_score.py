#!/usr/bin/env python3
"""Measures `anomalyze score` beside the same method in Python (LightGBM, pandas, scikit-learn) on the same counts.

  infra/compare_score.py compare COUNTS.csv... [--train-until DATE] [--interval 0.99] [--repetitions 5]
  infra/compare_score.py alarms SCORED.csv [--expect DATE...]

COUNTS.csv has the columns timestamp,count with one row a day. Several files are read as one series, in the order given;
then --train-until is the first day of the last file unless it is given.

`compare` runs both as whole processes in turn, prints wall time and peak resident memory of each (median over the
repetitions), their ratio, and both lists of alarms. `alarms` prints the flagged rows of a scored file, and fails when
they are not exactly the expected days.

The reference is LightGBM regression on calendar features, lags of 1, 7 and 14 days and the mean and standard deviation of
the 7 days before, one step ahead; its interval is the forecast plus and minus z standard deviations of the residuals of a
5-fold time-series cross-validation. It runs in an environment of its own under .tools/compare.
"""

import argparse
import csv
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".tools" / "compare"
REQUIREMENTS = ROOT / "infra" / "requirements" / "compare.txt"
COLUMNS = ["timestamp", "actual", "expected", "lower", "upper", "score", "flag"]

# Runs a command and prints its wall seconds and peak resident KiB. It is a process of its own, and a small one, because
# Linux carries the peak of whoever forks over into the child: a large parent would be measured instead of the command.
MEASURE = """
import os, posix, sys, time
out = posix.open(sys.argv[1], posix.O_WRONLY | posix.O_CREAT | posix.O_TRUNC, 0o600)
begun = time.perf_counter()
pid = posix.posix_spawn(sys.argv[2], sys.argv[2:], posix.environ, file_actions=[(posix.POSIX_SPAWN_DUP2, out, 1)])
_, status, usage = posix.wait4(pid, 0)
print(time.perf_counter() - begun, usage.ru_maxrss, posix.waitstatus_to_exitcode(status))
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    compare_parser = commands.add_parser("compare", help="both programs side by side")
    compare_parser.add_argument("counts", nargs="+", type=Path, metavar="COUNTS.csv")
    compare_parser.add_argument("--train-until", metavar="DATE")
    compare_parser.add_argument("--interval", type=share, default=0.99)
    compare_parser.add_argument("--repetitions", type=int, default=5)
    alarms_parser = commands.add_parser("alarms", help="the flagged rows of a scored file")
    alarms_parser.add_argument("scored", type=Path, metavar="SCORED.csv")
    alarms_parser.add_argument("--expect", nargs="*", metavar="DATE")
    reference_parser = commands.add_parser("reference", help="the Python side alone (needs its environment)")
    reference_parser.add_argument("counts", type=Path, metavar="COUNTS.csv")
    reference_parser.add_argument("--train-until", required=True, metavar="DATE")
    reference_parser.add_argument("--interval", type=share, default=0.99)
    options = parser.parse_args()
    if options.command == "compare":
        compare(options)
    elif options.command == "alarms":
        check_alarms(options.scored, options.expect)
    else:
        reference(options.counts, options.train_until, options.interval)


def share(text):
    value = float(text)
    if not 0 < value < 1:
        raise argparse.ArgumentTypeError("expected a share between 0 and 1, for instance 0.99")
    return value


def compare(options):
    if options.repetitions < 1:
        sys.exit("--repetitions: at least 1")
    python = reference_python()
    # Builds what is missing, so that no repetition pays for it.
    run_script = str(ROOT / "infra" / "run")
    subprocess.run(["bash", run_script, "anomalyze", "--version"], check=True, stdout=subprocess.DEVNULL)
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        counts = folder / "counts.csv"
        first_of_last = join_counts(options.counts, counts)
        until = options.train_until or (first_of_last if len(options.counts) > 1 else None)
        if until is None:
            sys.exit("--train-until is needed with a single file: the first day to be scored")
        common = [str(counts), "--train-until", until, "--interval", str(options.interval)]
        programs = {
            "anomalyze": [str(binary()), "score", *common, "--model", "lightgbm"],
            "python": [python, str(Path(__file__).resolve()), "reference", *common],
        }
        # Once unmeasured: both then find their files in memory, and Python its compiled modules.
        runs = {name: [] for name in programs}
        for repetition in range(options.repetitions + 1):
            for name, command in programs.items():
                measured = measure(command, folder / f"{name}.csv")
                if repetition > 0:
                    runs[name].append(measured)
        floor = measure(["/bin/true"], folder / "floor")[1]
        print_figures(runs, floor)
        for name in programs:
            rows = read_scored(folder / f"{name}.csv")
            error = statistics.fmean(abs(row["actual"] - row["expected"]) for row in rows)
            print(f"\n{name}: {len(rows)} rows scored, mean absolute error {error:.2f}")
            print_alarms(rows)


def print_figures(runs, floor):
    medians = {name: [statistics.median(column) for column in zip(*figures)] for name, figures in runs.items()}
    spans = {name: (min(wall for wall, _ in figures), max(wall for wall, _ in figures)) for name, figures in runs.items()}
    print(f"{'':10} {'wall time':>12} {'(least .. most)':>22} {'peak memory':>13}")
    for name, (wall, peak) in medians.items():
        low, high = spans[name]
        print(f"{name:10} {wall * 1e3:9.1f} ms {f'{low * 1e3:.1f} .. {high * 1e3:.1f} ms':>22} {peak / 1024:9.1f} MiB")
    (wall, peak), (other_wall, other_peak) = medians["anomalyze"], medians["python"]
    print(f"{'ratio':10} {other_wall / wall:11.1f}x {'':>22} {other_peak / peak:11.1f}x")
    if peak <= floor:
        print(f"peak memory below {floor / 1024:.1f} MiB cannot be told apart: the true ratio is larger")


def measure(command, output):
    """Wall seconds and peak resident KiB of a command; its standard output goes to a file."""
    launcher = [sys.executable, "-I", "-S", "-c", MEASURE, str(output), *command]
    done = subprocess.run(launcher, stdout=subprocess.PIPE, text=True, check=True)
    wall, peak, code = done.stdout.split()
    if int(code) != 0:
        sys.exit(f"exit code {code} from: {' '.join(command)}")
    return float(wall), int(peak)


def binary():
    """Where infra/run builds to."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    target = Path(os.environ.get("CARGO_TARGET_DIR") or cache / "anomalyze" / "target")
    return target.resolve() / "release" / "anomalyze"


def reference_python():
    """The environment's interpreter; installs what is missing or of another version."""
    python = VENV / "bin" / "python"
    installed = VENV / "installed.txt"
    wanted = REQUIREMENTS.read_text(encoding="utf-8")
    if not installed.is_file() or installed.read_text(encoding="utf-8") != wanted:
        print("installing the reference into .tools/compare ...", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", "--clear", VENV], check=True)
        pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, "-r", REQUIREMENTS], check=True)
        installed.write_text(wanted, encoding="utf-8")
    return str(python)


def join_counts(paths, out):
    """Writes the rows of all files under one header; returns the last file's first timestamp."""
    first = None
    with open(out, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["timestamp", "count"])
        for path in paths:
            with open(path, encoding="utf-8-sig", newline="") as source:
                reader = csv.DictReader(source)
                if not {"timestamp", "count"} <= set(reader.fieldnames or []):
                    sys.exit(f"{path}: expected the columns timestamp,count, found {reader.fieldnames}")
                rows = [(row["timestamp"], row["count"]) for row in reader]
            if not rows:
                sys.exit(f"{path}: no rows")
            first = rows[0][0]
            writer.writerows(rows)
    return first


def read_scored(path):
    with open(path, encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        if missing := set(COLUMNS) - set(reader.fieldnames or []):
            sys.exit(f"{path}: columns {', '.join(sorted(missing))} are missing; is this what `score` printed?")
        rows = []
        for row in reader:
            figures = {name: float(row[name]) for name in ("actual", "expected", "lower", "upper")}
            rows.append({"timestamp": row["timestamp"], "flag": row["flag"].lower() in ("1", "true"), **figures})
    if not rows:
        sys.exit(f"{path}: no rows")
    return rows


def print_alarms(rows):
    flagged = [row for row in rows if row["flag"]]
    print(f"alarms: {len(flagged)}")
    for row in flagged:
        bounds = f"{row['lower']:.0f} .. {row['upper']:.0f}"
        print(f"  {row['timestamp']}: {row['actual']:.0f}, expected {row['expected']:.0f}, interval {bounds}")
    return flagged


def check_alarms(path, expected):
    flagged = print_alarms(read_scored(path))
    if expected is not None and sorted(row["timestamp"][:10] for row in flagged) != sorted(expected):
        sys.exit(f"expected alarms: {', '.join(expected) or 'none'}")


def reference(path, until, interval):
    """Scores the days from `until` on and writes COLUMNS to standard output."""
    import lightgbm
    import numpy
    import pandas
    from sklearn.model_selection import TimeSeriesSplit

    counts = pandas.read_csv(path, parse_dates=["timestamp"], index_col="timestamp")["count"].asfreq("D").astype(float)
    features = day_features(pandas, counts)
    is_test = counts.index >= pandas.Timestamp(until)
    usable = features.notna().all(axis=1) & counts.notna()
    train_x, train_y = features[usable & ~is_test], counts[usable & ~is_test]
    test_x, test_y = features[usable & is_test], counts[usable & is_test]

    def fitted(x, y):
        # As many trees of the same size as `score` fits, on one thread as there: the same work on both sides.
        model = lightgbm.LGBMRegressor(
            n_estimators=300, learning_rate=0.05, num_leaves=31, random_state=42, n_jobs=1, verbosity=-1
        )
        return model.fit(x, y)

    residuals = []
    for seen, held_out in TimeSeriesSplit(n_splits=5).split(train_x):
        model = fitted(train_x.iloc[seen], train_y.iloc[seen])
        residuals.append(train_y.iloc[held_out] - model.predict(train_x.iloc[held_out]))
    deviation = float(numpy.concatenate(residuals).std())
    z = statistics.NormalDist().inv_cdf((1 + interval) / 2)

    writer = csv.writer(sys.stdout)
    writer.writerow(COLUMNS)
    for day, actual, mean in zip(test_x.index, test_y, fitted(train_x, train_y).predict(test_x)):
        lower, upper = max(mean - z * deviation, 0.0), mean + z * deviation
        flag = int(not lower <= actual <= upper)
        writer.writerow([day.date(), actual, mean, lower, upper, abs(actual - mean) / deviation, flag])


def day_features(pandas, counts):
    """What is known before each day: its date, and the counts of the days before."""
    days = counts.index
    before = counts.shift(1)
    return pandas.DataFrame(
        {
            "day_of_week": days.day_of_week,
            "is_weekend": (days.day_of_week >= 5).astype(int),
            "month": days.month,
            "day_of_month": days.day,
            "day_of_year": days.day_of_year,
            "lag_1": before,
            "lag_7": counts.shift(7),
            "lag_14": counts.shift(14),
            "rolling_mean_7": before.rolling(7).mean(),
            "rolling_std_7": before.rolling(7).std(),
        },
        index=days,
    )


if __name__ == "__main__":
    main()
