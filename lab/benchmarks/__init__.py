"""Speed and size, measured and printed with ratios, never asserted: other machines are slower, and shared ones are both.

`python -m lab.benchmarks` runs all parts, `python -m lab.benchmarks polls memory` some of them; `--quick` with smaller numbers.
"""
