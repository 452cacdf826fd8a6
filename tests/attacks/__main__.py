"""`python -m tests.attacks`: write the table of attacks anew."""

from tests.attacks import files, harness

if __name__ == "__main__":
    text = harness.table(harness.attacks(), files.FILES)
    (harness.HERE / "README.md").write_text(text, encoding="utf-8")
