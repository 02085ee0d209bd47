#!/usr/bin/env python3
"""Writes shared/training/golden/prophet.json: what Prophet in Python says of 20 generated daily series.

  infra/golden/prophet.py [OUTPUT.json]

Needs Python 3.11 with prophet==1.5.0, numpy==2.4.6 and pandas==3.1.1. Every series has 365 days. Prophet is fitted on
the first 273 with weekly seasonality alone, an interval of 99 % and its defaults otherwise (25 changepoints in the
first 80 %, linear growth, additive, 1000 sampled futures), and forecasts the 92 days after them.

`log_posterior` is lp__ at Stan's optimum, as `optimize` reports it: without the constants that "~" drops and without
the Jacobian of sigma_obs. The script computes the same density from the parameters and fails when both differ:

  - T ln(sigma) - RSS / (2 sigma^2) - 2 sigma^2 - (k^2 + m^2) / 50 - sum|delta| / 0.05 - sum(beta^2) / 200

with y / max|y| for the counts, and t from 0 at the first to 1 at the last day of training.

Stan stops early: the density has no gradient where a change of the slope is zero, and its default tolerances leave up
to 0.8 of log-posterior and 1.5 % of a forecast. So the script also climbs from where Stan stopped to the maximum, by
means of its own (`optimum`: log-posterior and yhat).
"""

import json
import logging
import sys
from pathlib import Path

# This file has the package's name: its folder must not come first.
sys.path.pop(0)

import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402
from prophet import Prophet  # noqa: E402

ROOT = Path(__file__).resolve().parent.parent.parent
DAYS = 365
TRAINED = 273
SEED = 20260

# Steps of the climb from Stan's optimum, and the relative gain of a hundred of them at which it ends.
STEPS = 40_000
GAIN = 1e-11

# United States federal holidays as observed.
HOLIDAYS = """
2021-01-01 2021-01-18 2021-02-15 2021-05-31 2021-06-18 2021-07-05 2021-09-06 2021-10-11 2021-11-11 2021-11-25 2021-12-24
2022-01-17 2022-02-21 2022-05-30 2022-06-20 2022-07-04 2022-09-05 2022-10-10 2022-11-11 2022-11-24 2022-12-26
2023-01-02 2023-01-16 2023-02-20 2023-05-29 2023-06-19 2023-07-04 2023-09-04 2023-10-09 2023-11-10 2023-11-23 2023-12-25
2024-01-01 2024-01-15 2024-02-19 2024-05-27 2024-06-19 2024-07-04 2024-09-02 2024-10-14 2024-11-11 2024-11-28 2024-12-25
""".split()

# Name, first day, tickets a day, share that weekends have of a weekday, dispersion, trend over the year, day and size
# of a break (slope per year from there on), day and factor of a shift, missing days, factor of holidays.
SERIES = [
    ("tiny", "2023-01-01", 5, 0.6, 0.00, 0.0, None, None, 0, None),
    ("small", "2022-03-07", 12, 0.4, 0.05, 0.2, None, None, 3, None),
    ("small rising", "2023-01-01", 20, 0.5, 0.02, 0.8, None, None, 0, None),
    ("modest", "2022-07-01", 35, 0.3, 0.02, 0.0, None, None, 0, 0.4),
    ("modest falling", "2023-01-01", 60, 0.5, 0.03, -0.4, None, None, 5, None),
    ("usual", "2023-01-01", 100, 0.45, 0.01, 0.0, None, None, 0, None),
    ("usual with holidays", "2023-01-01", 120, 0.35, 0.01, 0.1, None, None, 0, 0.5),
    ("usual with gaps", "2021-05-03", 150, 0.4, 0.02, 0.15, None, None, 9, None),
    ("usual broken trend", "2023-01-01", 180, 0.4, 0.01, 0.3, (120, -0.9), None, 0, None),
    ("usual shifted", "2022-01-01", 200, 0.45, 0.01, 0.0, None, (100, 1.4), 0, None),
    ("flat week", "2023-01-01", 220, 1.0, 0.01, 0.05, None, None, 0, None),
    ("busy", "2022-10-03", 300, 0.35, 0.005, 0.25, None, None, 0, None),
    ("busy with holidays", "2022-01-01", 400, 0.3, 0.01, 0.0, None, None, 4, 0.3),
    ("busy broken trend", "2021-01-01", 500, 0.4, 0.01, 0.0, (150, 1.2), None, 0, None),
    ("busy shifted down", "2023-01-01", 600, 0.5, 0.01, 0.1, None, (140, 0.7), 0, None),
    ("busy noisy", "2022-05-02", 700, 0.4, 0.06, -0.1, None, None, 0, None),
    ("large", "2023-01-01", 900, 0.3, 0.004, 0.5, None, None, 0, None),
    ("large with holidays", "2023-01-01", 1200, 0.35, 0.008, 0.2, (90, -0.4), None, 6, 0.45),
    ("large broken trend", "2022-01-03", 1500, 0.4, 0.006, 0.6, (180, -1.0), None, 0, 0.6),
    ("huge", "2021-06-01", 2000, 0.25, 0.01, -0.2, None, None, 2, None),
]


def generate(rng, first, level, weekend, dispersion, trend, broken, shift, missing, holiday):
    """Counts (NaN is missing) of 365 days: negative binomial around level x trend x week x holiday."""
    dates = pd.date_range(first, periods=DAYS, freq="D")
    day = np.arange(DAYS)
    shape = np.exp(rng.normal(0.0, 0.06, 7))
    shape[5:] *= [weekend, weekend * rng.uniform(0.8, 1.0)]
    mean = level * shape[dates.day_of_week] * (1.0 + trend * day / DAYS)
    if broken:
        mean *= np.maximum(1.0 + broken[1] * np.maximum(day - broken[0], 0) / DAYS, 0.15)
    if shift:
        mean[shift[0] :] *= shift[1]
    if holiday:
        mean[dates.isin(pd.to_datetime(HOLIDAYS))] *= holiday
    if dispersion > 0:
        mean = rng.gamma(1.0 / dispersion, mean * dispersion)
    counts = rng.poisson(mean).astype(float)
    if missing:
        # Not the ends of the fitted part: they fix the scale of time.
        counts[rng.choice(np.arange(10, 260), missing, replace=False)] = np.nan
    return dates, counts


def design(model):
    """Columns t, 1, regressors and hinges at the changepoints, the values, and deviations of the regressors' priors."""
    features, scales, _, _ = model.make_all_seasonality_features(model.history)
    t, y = model.history["t"].to_numpy(), model.history["y_scaled"].to_numpy()
    hinges = np.maximum(t[:, None] - model.changepoints_t[None, :], 0.0)
    return np.column_stack([t, np.ones_like(t), features.to_numpy(), hinges]), y, np.array(scales)


def log_posterior(model, x, sigma):
    """The density that Stan maximises, at the weights of the columns of `design`."""
    columns, y, scales = design(model)
    residuals = y - columns @ x
    k, m, beta, delta = x[0], x[1], x[2 : 2 + len(scales)], x[2 + len(scales) :]
    return float(
        -len(y) * np.log(sigma)
        - residuals @ residuals / (2 * sigma**2)
        - 2 * sigma**2
        - (k**2 + m**2) / 50
        - np.abs(delta).sum() / model.changepoint_prior_scale
        - (beta**2 / (2 * np.square(scales))).sum()
    )


def climb(model, x, sigma):
    """The maximum near `x` and `sigma`: |delta| is bounded by a parabola through the last one, so each step is a
    weighted ridge regression, and sigma follows from its residuals."""
    columns, y, scales = design(model)
    gram, target, free = columns.T @ columns, columns.T @ y, 2 + len(scales)
    precision = np.concatenate([[1 / 25, 1 / 25], 1 / np.square(scales), np.zeros(len(x) - free)])
    x = x.copy()
    x[free:] = np.where(np.abs(x[free:]) < 1e-3, 1e-3, x[free:])
    before = float("-inf")
    for step in range(STEPS):
        precision[free:] = 1 / (model.changepoint_prior_scale * np.maximum(np.abs(x[free:]), 1e-14))
        x = np.linalg.solve(gram + sigma**2 * np.diag(precision), target)
        squares = np.sum(np.square(y - columns @ x))
        sigma = np.sqrt((np.sqrt(len(y) ** 2 + 16 * squares) - len(y)) / 8)
        if step % 100 == 99:
            now = log_posterior(model, x, sigma)
            if now - before < GAIN * abs(now):
                break
            before = now
    return x, sigma


def fit(name, dates, counts, holidays):
    frame = pd.DataFrame({"ds": dates, "y": counts})
    known = pd.DataFrame({"holiday": "holiday", "ds": pd.to_datetime(holidays)}) if holidays else None
    model = Prophet(
        weekly_seasonality=True,
        yearly_seasonality=False,
        daily_seasonality=False,
        interval_width=0.99,
        holidays=known,
    )
    model.fit(frame[:TRAINED], seed=1)
    np.random.seed(1)
    after = frame[TRAINED:][["ds"]]
    forecast = model.predict(after)
    params = {key: np.ravel(value) for key, value in model.params.items()}
    stan, sigma = float(params["lp__"][0]), float(params["sigma_obs"][0])
    x = np.concatenate([params["k"], params["m"], params["beta"], params["delta"]])
    own = log_posterior(model, x, sigma)
    if abs(own - stan) > 1e-5 * abs(stan):
        sys.exit(f"{name}: log-posterior of {own} from the parameters where Stan has {stan}")

    x, sigma = climb(model, x, sigma)
    best = log_posterior(model, x, sigma)
    width = len(params["beta"])
    parts = {"k": x[:1], "m": x[1:2], "beta": x[2 : 2 + width], "delta": x[2 + width :], "sigma_obs": np.array([sigma])}
    model.params |= {key: value.reshape(1, -1) for key, value in parts.items()}
    model.uncertainty_samples = 0
    best_forecast = model.predict(after)

    def rounded(values, digits=3):
        return [round(float(value), digits) for value in values]

    def significant(values):
        return [float(f"{float(value):.7g}") for value in values]

    print(f"{name}: log-posterior {stan:.4f}, at most {best:.4f}", file=sys.stderr)
    return {
        "name": name,
        "start": str(dates[0].date()),
        "holidays": holidays,
        "counts": [None if np.isnan(count) else int(count) for count in counts],
        "yhat": rounded(forecast["yhat"]),
        "yhat_lower": rounded(forecast["yhat_lower"]),
        "yhat_upper": rounded(forecast["yhat_upper"]),
        "log_posterior": round(stan, 5),
        "k": significant(params["k"])[0],
        "m": significant(params["m"])[0],
        "sigma_obs": significant(params["sigma_obs"])[0],
        "delta": significant(params["delta"]),
        "beta": significant(params["beta"]),
        "optimum": {"log_posterior": round(best, 6), "yhat": rounded(best_forecast["yhat"])},
    }


def main():
    output = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "shared" / "training" / "golden" / "prophet.json"
    logging.getLogger("cmdstanpy").disabled = True
    rng = np.random.default_rng(SEED)
    rows = []
    for name, first, *shape in SERIES:
        dates, counts = generate(rng, first, *shape)
        last = dates[-1]
        holidays = [day for day in HOLIDAYS if shape[-1] and dates[0] <= pd.Timestamp(day) <= last]
        rows.append(json.dumps(fit(name, dates, counts, holidays), separators=(",", ":")))
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(f'{{"trained":{TRAINED},"series":[\n' + ",\n".join(rows) + "\n]}\n")


if __name__ == "__main__":
    main()
