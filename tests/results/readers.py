"""Opens tables of results as CSV and as Parquet, with DuckDB and with Polars, and stops where what
they find is not the same or not what is documented: columns, types, rows, values to the bit, and
nothing where a field of the CSV is empty.

Its argument is a JSON file, a list of {"csv": PATH, "parquet": PATH, "columns": [[NAME, TYPE,
OPTIONAL], ...]} with the types of docs/results.md.
"""

import csv
import json
import struct
import sys

import duckdb
import polars

DUCKDB = {"text": "VARCHAR", "integer": "BIGINT", "number": "DOUBLE"}
POLARS = {"text": polars.String, "integer": polars.Int64, "number": polars.Float64}
PYTHON = {"text": str, "integer": int, "number": float}
PHYSICAL = {"text": "BYTE_ARRAY", "integer": "INT64", "number": "DOUBLE"}
LOGICAL = {"text": "StringType()", "integer": None, "number": None}


def literal(text):
    return "'" + text.replace("'", "''") + "'"


def exactly(rows):
    """The rows with their numbers as bits, so that 0.0 is not -0.0."""

    def bits(value):
        return struct.pack(">d", value).hex() if isinstance(value, float) else value

    return [[bits(value) for value in row] for row in rows]


def python_csv(path, kinds):
    with open(path, encoding="utf-8", newline="") as file:
        names, *rows = csv.reader(file)
    cells = [[PYTHON[k](c) if c else None for c, k in zip(row, kinds, strict=True)] for row in rows]
    return names, kinds, cells


def duckdb_reads(source, kinds):
    found = duckdb.sql(f"SELECT * FROM {source}")
    types = {DUCKDB[kind]: kind for kind in DUCKDB}
    return found.columns, [types.get(str(t), str(t)) for t in found.types], found.fetchall()


def polars_reads(frame):
    types = {POLARS[kind]: kind for kind in POLARS}
    return frame.columns, [types.get(t, str(t)) for t in frame.dtypes], frame.rows()


def schema(path):
    """What the footer says of each column: name, physical type, logical type, may be null."""
    found = duckdb.sql(
        "SELECT name, type, logical_type, repetition_type = 'OPTIONAL' "
        f"FROM parquet_schema({literal(path)}) WHERE type IS NOT NULL"
    )
    return found.fetchall()


def check(table):
    names = [name for name, _, _ in table["columns"]]
    kinds = [kind for _, kind, _ in table["columns"]]
    text, columnar = table["csv"], table["parquet"]
    columns = ", ".join(f"{literal(n)}: {literal(DUCKDB[k])}" for n, k in zip(names, kinds))
    typed = (
        f"read_csv({literal(text)}, auto_detect = false, header = true, delim = ',', quote = '\"', "
        f"escape = '\"', nullstr = '', columns = {{{columns}}})"
    )
    frame_schema = {n: POLARS[k] for n, k in zip(names, kinds)}
    readings = {
        "DuckDB, CSV": duckdb_reads(typed, kinds),
        "DuckDB, Parquet": duckdb_reads(f"read_parquet({literal(columnar)})", kinds),
        "Polars, CSV": polars_reads(polars.read_csv(text, schema=frame_schema)),
        "Polars, Parquet": polars_reads(polars.read_parquet(columnar)),
    }
    _, _, rows = expected = python_csv(text, kinds)
    assert expected[0] == names, f"{text}: {expected[0]}"
    for reader, (found_names, found_kinds, found_rows) in readings.items():
        assert found_names == names, f"{reader} of {text}: columns {found_names}"
        assert found_kinds == kinds, f"{reader} of {text}: types {found_kinds}"
        assert len(found_rows) == len(rows), f"{reader} of {text}: {len(found_rows)} rows"
        for number, (found, row) in enumerate(zip(exactly(found_rows), exactly(rows))):
            assert found == row, f"{reader} of {text}, row {number}: {found} is not {row}"
    documented = [(n, PHYSICAL[k], LOGICAL[k], optional) for n, k, optional in table["columns"]]
    assert schema(columnar) == documented, f"{columnar}: {schema(columnar)}"
    about = json.loads(polars.read_parquet_metadata(columnar)["trunksim.columns"])
    assert list(about) == names, f"{columnar}: {about}"
    if rows:
        # Left to find out by themselves, they find as many rows under the same names.
        unaided = duckdb.sql(f"SELECT * FROM {literal(text)}")
        assert unaided.columns == names, f"DuckDB of {text}, unaided: {unaided.columns}"
        assert len(unaided.fetchall()) == len(rows), f"DuckDB of {text}, unaided"
        unaided = polars.read_csv(text, infer_schema_length=None)
        assert unaided.columns == names, f"Polars of {text}, unaided: {unaided.columns}"
        assert unaided.height == len(rows), f"Polars of {text}, unaided"
    return [value for row in rows for value in row]


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        tables = json.load(file)
    values = [value for table in tables for value in check(table)]
    nothing = values.count(None)
    assert 0 < nothing < len(values)
    print(
        f"{len(tables)} tables, {len(values)} values, {nothing} of them nothing: DuckDB "
        f"{duckdb.__version__} and Polars {polars.__version__} find the same in CSV and Parquet"
    )


main()
