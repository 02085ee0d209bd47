#!/usr/bin/env python3
"""Writes shared/training/golden/sarima.json: what SARIMAX of statsmodels says of 20 generated daily series.

  infra/golden/sarima.py [OUTPUT.json]

Needs Python 3.11 with statsmodels==0.15.0, numpy==2.4.6, scipy==1.17.1 and pandas==3.1.1. Every series has 365 days.
SARIMAX (1,0,1)(1,1,1,7) is fitted on the first 273, without enforced stationarity and invertibility and with defaults
otherwise: the states start with a variance of 1e6, and the log-likelihood leaves out as many days as there are states.

Per series: the parameters in the order of statsmodels (AR, MA, seasonal AR, seasonal MA, sigma2), the log-likelihood
at the parameters as rounded here, the forecast of the 92 days after the fitted ones with its 99 % interval, and the
forecasts of the same days one step ahead by the same parameters, each from the days before it.

statsmodels stops after 50 iterations of its optimizer or at a local maximum. `optimum` is the best that Nelder-Mead and
BFGS come to from there and from other starting values: its log-likelihood and the same two forecasts.

`others` holds log-likelihoods of other orders at given parameters, one of an hourly series.
"""

import json
import sys
import warnings
from pathlib import Path

# This folder has files with names of packages: it must not come first.
sys.path.pop(0)

import numpy as np  # noqa: E402
from statsmodels.tsa.statespace.sarimax import SARIMAX  # noqa: E402

ROOT = Path(__file__).resolve().parent.parent.parent
DAYS = 365
TRAINED = 273
SEED = 40417
ORDER, SEASONAL = (1, 0, 1), (1, 1, 1, 7)

# Other starting values of the coefficients: a slow wave, a short one, one that alternates.
STARTS = [(0.9, -0.75, 0.0, -0.85), (0.5, -0.3, 0.0, -0.7), (-0.5, 0.4, 0.0, -0.85)]

# Name, tickets a day, dispersion, share that weekends have of a weekday, trend over the year (share of the level), day
# and factor of a level shift, persistence and size of a slow wave of the level, missing days.
SERIES = [
    ("tiny", 5, 0.02, 0.7, 0.0, None, (0.8, 0.0), 0),
    ("tiny rising", 8, 0.05, 0.5, 0.7, None, (0.8, 0.05), 0),
    ("small", 15, 0.02, 0.5, 0.0, None, (0.9, 0.10), 0),
    ("small with gaps", 25, 0.03, 0.4, 0.1, None, (0.9, 0.05), 6),
    ("modest", 40, 0.02, 0.3, 0.0, None, (0.7, 0.15), 0),
    ("modest falling", 60, 0.02, 0.6, -0.5, None, (0.8, 0.05), 0),
    ("usual", 100, 0.01, 0.45, 0.0, None, (0.9, 0.06), 0),
    ("usual flat week", 110, 0.01, 1.0, 0.0, None, (0.9, 0.08), 0),
    ("usual shifted", 130, 0.01, 0.4, 0.0, (160, 1.5), (0.8, 0.04), 0),
    ("usual with gaps", 150, 0.01, 0.5, 0.2, None, (0.9, 0.05), 9),
    ("usual noisy", 180, 0.08, 0.4, 0.0, None, (0.5, 0.05), 0),
    ("usual wandering", 220, 0.004, 0.35, 0.0, None, (0.98, 0.06), 0),
    ("busy", 300, 0.006, 0.35, 0.2, None, (0.85, 0.05), 0),
    ("busy shifted down", 400, 0.008, 0.5, 0.0, (120, 0.6), (0.7, 0.03), 0),
    ("busy rising", 500, 0.005, 0.3, 1.2, None, (0.9, 0.03), 0),
    ("busy with gaps", 650, 0.01, 0.4, -0.2, (200, 1.2), (0.8, 0.04), 5),
    ("large", 900, 0.003, 0.3, 0.1, None, (0.95, 0.04), 0),
    ("large alternating", 1200, 0.004, 0.4, 0.0, None, (-0.5, 0.06), 0),
    ("large shifted", 1500, 0.005, 0.35, 0.3, (230, 1.4), (0.85, 0.05), 3),
    ("huge", 2000, 0.006, 0.25, -0.3, None, (0.9, 0.05), 0),
]


def generate(rng, level, dispersion, weekend, trend, shift, wave, missing):
    """Counts (NaN is missing): negative binomial around level x week x trend x shift x exp(slow wave)."""
    day = np.arange(DAYS)
    shape = np.exp(rng.normal(0.0, 0.08, 7))
    shape[5:] *= weekend
    mean = level * shape[day % 7] * np.maximum(1.0 + trend * day / DAYS, 0.1)
    if shift:
        mean[shift[0] :] *= shift[1]
    persistence, size = wave
    steps = rng.normal(0.0, size * np.sqrt(1.0 - persistence**2), DAYS)
    state = 0.0
    for i in day:
        state = persistence * state + steps[i]
        mean[i] *= np.exp(state)
    mean = rng.gamma(1.0 / dispersion, mean * dispersion)
    counts = rng.poisson(mean).astype(float)
    if missing:
        counts[rng.choice(np.arange(3, DAYS - 3), missing, replace=False)] = np.nan
    return counts


def sarimax(counts, order=ORDER, seasonal=SEASONAL):
    return SARIMAX(
        counts, order=order, seasonal_order=seasonal, enforce_stationarity=False, enforce_invertibility=False
    )


def significant(values, digits):
    return [float(f"{float(value):.{digits}g}") for value in values]


def jsonable(counts):
    return [None if np.isnan(count) else int(count) for count in counts]


def fit(name, counts):
    model = sarimax(counts[:TRAINED])
    fitted = model.fit(disp=False)
    params = significant(fitted.params, 12)
    fitted = model.smooth(params)
    best = fitted
    starts = [params, model.start_params] + [[*start, params[-1]] for start in STARTS]
    for start in starts:
        for method, options in (("nm", {"maxiter": 5000, "xtol": 1e-8, "ftol": 1e-10}), ("bfgs", {"maxiter": 500})):
            other = model.fit(start_params=start, method=method, disp=False, **options)
            if np.isfinite(other.llf) and other.llf > best.llf:
                best, start = other, other.params
    forecast = fitted.get_forecast(DAYS - TRAINED)
    interval = forecast.conf_int(alpha=0.01)

    def one_step(of):
        return of.append(counts[TRAINED:], refit=False).predict(TRAINED, DAYS - 1)

    gained = best.llf - fitted.llf
    print(f"{name}: log-likelihood {fitted.llf:.4f}, at most {gained:+.4f}, {params}", file=sys.stderr)
    return {
        "name": name,
        "counts": jsonable(counts),
        "params": params,
        "llf": float(f"{fitted.llf:.12g}"),
        "mean": significant(forecast.predicted_mean, 9),
        "lower": significant(interval[:, 0], 9),
        "upper": significant(interval[:, 1], 9),
        "one_step": significant(one_step(fitted), 9),
        "optimum": {
            "llf": round(float(best.llf), 5),
            "mean": significant(best.forecast(DAYS - TRAINED), 6),
            "one_step": significant(one_step(best), 6),
        },
    }


# Order, seasonal order, parameters.
OTHERS = [
    ((2, 0, 1), (0, 1, 1, 7), [0.5, 0.2, -0.3, -0.7, 150.0]),
    ((0, 0, 1), (0, 1, 1, 7), [0.3, -0.8, 150.0]),
    ((1, 0, 0), (0, 0, 0, 0), [0.9, 150.0]),
    ((2, 0, 2), (1, 0, 1, 7), [0.4, 0.1, 0.2, -0.1, 0.9, -0.5, 150.0]),
    ((1, 0, 1), (2, 1, 0, 7), [1.02, -0.6, -0.5, -0.2, 150.0]),
    ((0, 0, 0), (0, 1, 0, 7), [150.0]),
]
OTHERS_HOURLY = [
    ((1, 0, 0), (1, 1, 0, 24), [0.3, -0.4, 20.0]),
    ((1, 0, 1), (1, 1, 1, 24), [0.7, -0.4, 0.1, -0.8, 20.0]),
]


def others(series, hourly):
    for counts, cases in ((series, OTHERS), (hourly, OTHERS_HOURLY)):
        name = "series" if counts is series else "hourly"
        for order, seasonal, params in cases:
            fitted = sarimax(counts, order, seasonal).smooth(params)
            one_step = fitted.predict(len(counts) - 20, len(counts) - 1)
            yield {
                "of": name,
                "p": order[0],
                "q": order[2],
                "seasonal_p": seasonal[0],
                "seasonal_d": seasonal[1],
                "seasonal_q": seasonal[2],
                "season": seasonal[3],
                "params": params,
                "llf": float(f"{fitted.llf:.12g}"),
                "mean": significant(fitted.get_forecast(30).predicted_mean, 9),
                "variance": significant(fitted.get_forecast(30).var_pred_mean, 9),
                "one_step": significant(one_step, 9),
            }


def main():
    output = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "shared" / "training" / "golden" / "sarima.json"
    warnings.simplefilter("ignore")
    rng = np.random.default_rng(SEED)
    series = {name: generate(rng, *shape) for name, *shape in SERIES}
    hour = np.arange(480) % 24
    hourly = rng.poisson(np.where((hour >= 8) & (hour < 18), 24.0, 5.0)).astype(float)
    hourly[[50, 51, 52, 300]] = np.nan
    rows = [json.dumps(fit(name, counts), separators=(",", ":")) for name, counts in series.items()]
    gaps = series["usual with gaps"]
    more = [json.dumps(row, separators=(",", ":")) for row in others(gaps, hourly)]
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(
        f'{{"trained":{TRAINED},"series":[\n'
        + ",\n".join(rows)
        + f'\n],"gaps":{json.dumps(jsonable(gaps), separators=(",", ":"))}'
        + f',"hourly":{json.dumps(jsonable(hourly), separators=(",", ":"))},"others":[\n'
        + ",\n".join(more)
        + "\n]}\n"
    )


if __name__ == "__main__":
    main()
