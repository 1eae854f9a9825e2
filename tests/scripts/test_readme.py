"""README outputs cannot rot: commands run, and what they print is compared."""

import importlib.util
from pathlib import Path

import pytest

_SPEC = importlib.util.spec_from_file_location("readme", Path(__file__).parents[2] / "scripts" / "readme.py")
readme = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(readme)

TEXT = """# T

```python run
print(6 * 7)
open("a.txt", "w").write("one\\ntwo\\n")
```

```text output
41
```

```bash
exit 1
```

```bash run
cat a.txt
```

```text output like
one
2
```
"""


def test_commands_run_in_order_in_one_folder_and_outputs_are_replaced(tmp_path):
    new, problems = readme.refresh(TEXT, tmp_path)
    assert new == TEXT.replace("41\n", "42\n").replace("one\n2\n", "one\ntwo\n")
    assert len(problems) == 1 and "line 8" in problems[0]
    assert readme.refresh(new, tmp_path) == (new, [])


def test_a_command_that_fails_stops_with_its_line(tmp_path):
    with pytest.raises(SystemExit, match=r"line 1: exit code 3"):
        readme.refresh("```bash run\nexit 3\n```\n", tmp_path)


def test_an_output_needs_a_command(tmp_path):
    with pytest.raises(SystemExit, match="an output without a command"):
        readme.refresh("```text output\n1\n```\n", tmp_path)


@pytest.mark.parametrize(
    ("new", "same"), [("a  b\n5\n", True), ("a b\nx\n", True), ("a c\n5\n", False), ("a b\n5\n6\n", False)]
)
def test_outputs_of_models_are_compared_by_form(new, same):
    assert readme.agrees("a b\n4\n", new, like=True) is same
