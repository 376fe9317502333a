"""coverage_table.py SUMMARY LEAST: llvm-cov's summary as a table of lines and branches, by file and
by folder. Exits 1 if less than LEAST percent of the lines of consensus/ were run."""

import json
import os
import sys

# With a summary alone llvm-cov leaves nothing out.
FOLDERS = ("consensus", "market")


def percent(part):
    return 100.0 * part["covered"] / part["count"] if part["count"] else 100.0


def row(name, lines, branches):
    def cells(x):
        return f"{x['covered']:6d} of {x['count']:6d}  {percent(x):6.2f} %"

    print(f"{name:40s} {cells(lines)}   {cells(branches)}")


def add(total, part):
    for key in ("covered", "count"):
        total[key] += part[key]


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        files = json.load(file)["data"][0]["files"]
    least = float(sys.argv[2])
    totals = {}
    print(f"{'':40s} {'lines':>26s}   {'branches':>26s}")
    for entry in sorted(files, key=lambda f: f["filename"]):
        name = os.path.relpath(entry["filename"])
        if name.split(os.sep)[0] not in FOLDERS:
            continue
        summary = entry["summary"]
        lines, branches = summary["lines"], summary["branches"]
        row(name, lines, branches)
        folder = totals.setdefault(
            name.split(os.sep)[0],
            ({"covered": 0, "count": 0}, {"covered": 0, "count": 0}),
        )
        add(folder[0], lines)
        add(folder[1], branches)
    print()
    for folder, (lines, branches) in totals.items():
        row(folder + "/", lines, branches)
    if percent(totals["consensus"][0]) < least:
        print(f"less than {least:g} % of the lines of consensus/", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
