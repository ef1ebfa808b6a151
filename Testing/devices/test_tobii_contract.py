"""The stand-in against the published SDK's own Python files, which are read and not run."""

import ast
import inspect
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from Testing.devices import tobii_research as standin
from Testing.devices.tobii_research.eye_tracker import gaze_dictionary

HERE = Path(standin.__file__).parent


@pytest.fixture(scope="module")
def published(tmp_path_factory) -> dict[str, ast.AST]:
    """The SDK's definitions by name."""
    folder = tmp_path_factory.mktemp("wheel")
    loaded = subprocess.run(
        [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--python-version", "3.10",
         "--only-binary", ":all:", "--platform", "manylinux1_x86_64", "--platform",
         "manylinux2014_x86_64", "--platform", "linux_x86_64", "-d", str(folder),
         "tobii_research>=2.1"],
        capture_output=True, text=True, timeout=240,
    )  # fmt: skip
    wheels = list(folder.glob("*.whl"))
    if loaded.returncode != 0 or not wheels:
        pytest.skip(f"the published SDK cannot be downloaded here: {loaded.stderr.strip()[-200:]}")
    found: dict[str, ast.AST] = {}
    with zipfile.ZipFile(wheels[0]) as wheel:
        for name in wheel.namelist():
            if "tobiiresearch/implementation/" in name and name.endswith(".py"):
                for node in ast.parse(wheel.read(name)).body:
                    if isinstance(node, ast.ClassDef | ast.FunctionDef):
                        found[node.name] = node
                    elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                        found[node.targets[0].id] = node.value
    assert "EyeTracker" in found
    return found


def public(thing) -> dict[str, object]:
    return {n: v for n, v in vars(thing).items() if not n.startswith("_")}


def test_constants_have_the_published_values(published) -> None:
    constants = {n: v for n, v in public(standin).items() if isinstance(v, str) and n.isupper()}
    assert len(constants) > 10
    assert {n: ast.literal_eval(published[n]) for n in constants} == constants


def test_errors_are_all_there_and_alike(published) -> None:
    theirs = {
        n: node
        for n, node in published.items()
        if n.startswith("EyeTracker") and n.endswith("Error")
    }
    mine = {n for n in public(standin) if n.startswith("EyeTracker") and n.endswith("Error")}
    assert mine == set(theirs)
    for name, node in theirs.items():
        assert [base.id for base in node.bases] == ["Exception"]
        code = compile(ast.Module([node], []), "sdk", "exec")
        space: dict[str, type] = {}
        exec(code, space)  # a class of two lines that keeps a value
        real, stand = space[name]("it failed"), getattr(standin, name)("it failed")
        assert (real.value, str(real), real.args) == (stand.value, str(stand), stand.args)


CLASSES = [
    "EyeTracker", "DisplayArea", "GazeData", "StreamErrorData", "ScreenBasedCalibration",
    "CalibrationResult", "CalibrationPoint", "CalibrationSample", "CalibrationEyeData",
]  # fmt: skip


@pytest.mark.parametrize("name", CLASSES)
def test_methods_and_properties_are_published_ones(published, name: str) -> None:
    theirs = {node.name: node for node in published[name].body if isinstance(node, ast.FunctionDef)}
    for member, mine in public(getattr(standin, name)).items():
        node = theirs[member]
        is_property = any(getattr(d, "id", "") == "property" for d in node.decorator_list)
        assert isinstance(mine, property) == is_property, member
        if not is_property:
            assert [a.arg for a in node.args.args] == list(inspect.signature(mine).parameters), (
                member
            )


@pytest.mark.parametrize("name", ["find_all_eyetrackers", "get_system_time_stamp"])
def test_functions_take_what_the_published_ones_take(published, name: str) -> None:
    theirs = [a.arg for a in published[name].args.args]
    assert theirs == list(inspect.signature(getattr(standin, name)).parameters)


def test_gaze_dictionaries_have_the_published_keys(published, recording) -> None:
    keys = {
        node.slice.value
        for node in ast.walk(published["GazeData"])
        if isinstance(node, ast.Subscript) and getattr(node.value, "id", "") == "data"
    }
    data = gaze_dictionary(recording.samples[0], 0)
    assert keys <= set(data)
    assert type(data["left_gaze_point_on_display_area"]) is tuple
    assert type(data["left_gaze_point_validity"]) is int
    assert type(data["left_pupil_diameter"]) is float
    assert type(data["system_time_stamp"]) is int


def test_a_result_has_points_only_where_both_eyes_succeeded(published) -> None:
    """As the bridge takes it: other statuses are returned, not raised, and come without points."""
    compute = next(
        node for node in published["ScreenBasedCalibration"].body
        if getattr(node, "name", "") == "compute_and_apply"
    )  # fmt: skip
    text = ast.unparse(compute)
    assert "if status != CALIBRATION_STATUS_SUCCESS:\n        return" in text
    assert "CalibrationResult(status, ())" in text
    statuses = [name.id for name in published["_calibration_status"].elts]
    assert statuses == [
        f"CALIBRATION_STATUS_{end}"
        for end in ("FAILURE", "SUCCESS", "SUCCESS_LEFT_EYE", "SUCCESS_RIGHT_EYE")
    ]


def test_callbacks_come_with_the_published_lock(published) -> None:
    text = ast.unparse(published["EyeTracker"])
    assert "self.__subscription_lock = threading.RLock()" in text
    delivering = next(
        node for node in published["EyeTracker"].body
        if getattr(node, "name", "") == "__subscription_callback"
    )  # fmt: skip
    assert "with self.__subscription_lock" in ast.unparse(delivering)
    assert "with self.__subscription_lock" in (HERE / "eye_tracker.py").read_text()
