"""Generated scenes: sane, repeatable, and of something that can be seen."""

from pathlib import Path

import nibabel
import numpy as np
import pytest
import torch
from scipy import ndimage

from training import anatomy, scenes
from training.anatomy import LAYOUTS
from training.appearance import add_small_vessels, stretch
from training.draws import Draws
from training.labelmaps import read_label_maps
from training.layout import Layout, Look
from training.shapes import Shapes, family, paint
from training.stock import Stock
from training.tissues import Tissue


@pytest.fixture(scope="module")
def some_scenes() -> scenes.Scenes:
    return Stock(11, "cpu", at_once=6, kinds=6).take(24)


def test_images_are_grey_values_of_crops(some_scenes: scenes.Scenes) -> None:
    image = some_scenes.image
    assert image.shape == (24, 1, 128, 128)
    assert bool(torch.isfinite(image).all())
    assert float(image.min()) >= 0
    assert float(image.max()) <= 1
    assert float(image.flatten(1).std(1).min()) > 0.02, "an image shows nothing"


def test_targets_have_a_size_and_hang_together(some_scenes: scenes.Scenes) -> None:
    for target in some_scenes.target.numpy():
        assert scenes.SMALLEST_SHARE < target.mean() < scenes.LARGEST_SHARE
        assert ndimage.label(target)[1] == 1


def test_targets_differ_from_what_is_beside_them(some_scenes: scenes.Scenes) -> None:
    for image, target in zip(some_scenes.image.numpy(), some_scenes.target.numpy(), strict=True):
        beside = ndimage.binary_dilation(target, np.ones((9, 9))) & ~target
        difference = image[0][target].mean() - image[0][beside].mean()
        assert abs(difference) > 0.9 * scenes.LEAST_CONTRAST


def test_a_seed_gives_the_same_scenes_and_another_gives_others() -> None:
    first, again, other = (Stock(seed, "cpu", 4, 1).take(3).image for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_a_restored_stock_goes_on_where_it_stood() -> None:
    stock = Stock(5, "cpu", 4, 1)
    stock.take(2)
    state = stock.state()
    expected = stock.take(4).image
    restored = Stock(5, "cpu", 4, 1)
    restored.restore(state)
    assert torch.equal(restored.take(4).image, expected)


@pytest.mark.parametrize("name", LAYOUTS)
def test_every_layout_names_parents_that_are_painted_before(name: str) -> None:
    shapes = LAYOUTS[name][1](Draws(1), 5)
    assert all(parent < child for child, parent in enumerate(shapes.parents))
    assert shapes.centre.shape == (5, len(shapes.parents), 2)
    assert float(shapes.axes.min()) > 0
    assert bool(torch.isfinite(shapes.angle).all())


def test_gas_stands_above_fluid_in_bowel_and_stomach() -> None:
    layout = Layout(Draws(8), 6)
    cavity = layout.add_one(
        torch.zeros(6), torch.zeros(6), torch.ones(6), torch.ones(6), Look(Tissue.FAT)
    )
    anatomy._bowel(layout, torch.ones(6), torch.ones(6), cavity)
    shapes = layout.shapes()
    shapes.shell[:, 1:4], shapes.core[:, 1:4] = int(Tissue.MUSCLE), int(Tissue.AIR)
    ramp = torch.linspace(-1, 1, 128)
    x, y = ramp.expand(6, 128, -1), ramp[:, None].expand(6, -1, 128)
    labels = paint(shapes, x, y, torch.full((6, 128, 128), 2 * len(shapes.parents)))
    both = 0
    for scene in range(6):
        for loop, fluid in ((1, 4), (2, 5), (3, 6)):
            gas_y = y[scene][labels[scene] == 2 * loop + 1]
            fluid_y = y[scene][labels[scene] == 2 * fluid]
            if len(gas_y) and len(fluid_y):
                both += 1
                assert float(gas_y.mean()) < float(fluid_y.mean())
    assert both > 2


def test_an_organ_includes_what_lies_in_it_and_nothing_else() -> None:
    shapes = LAYOUTS["trunk"][1](Draws(1), 1)
    child = max(index for index, parent in enumerate(shapes.parents) if parent > 2)
    organ = shapes.parents[child]
    belongs = family(shapes, torch.tensor([organ]))[0].view(-1, 2)
    assert bool(belongs[child].all())
    assert bool(belongs[organ].all())
    strangers = [i for i, p in enumerate(shapes.parents) if p != organ and i != organ]
    assert not bool(belongs[strangers].any())


def test_crops_are_stretched_as_the_engine_stretches_them() -> None:
    crop = torch.rand(2, 1, 128, 128, generator=torch.Generator().manual_seed(0)) * 0.3 + 0.2
    crop[1] = 0.5  # a constant crop must not become noise
    for given, ours in zip(crop[:, 0].numpy(), stretch(crop)[:, 0].numpy(), strict=True):
        low, high = np.percentile(given[::2, ::2], (1, 99))
        np.testing.assert_allclose(
            ours, np.clip((given - low) / max(high - low, 0.05), 0, 1), atol=1e-5
        )


def test_scenes_come_from_label_maps_too(label_maps_folder: Path) -> None:
    maps = read_label_maps(label_maps_folder, share=1.0, device="cpu")
    plane = maps.cut(Draws(2), 3, 128)
    assert set(plane.labels.unique().tolist()) <= {0, 1, 2}
    assert set(plane.chosen.tolist()) <= {1, 2}, "nobody looks at what is outside"
    assert not bool(plane.cells.any()), "there is no cortex to divide"
    made = scenes.make_scenes(Draws(3), 6, maps)
    assert 0 < len(made) <= 6


def test_a_whole_plane_shows_all_of_it(label_maps_folder: Path) -> None:
    maps = read_label_maps(label_maps_folder, share=1.0, device="cpu")
    plane = maps.whole(Draws(4), 3, 128)
    assert bool((plane.labels[:, :8] == 0).all()), "44 mm do not fill a view of 170 mm and more"
    for labels, chosen in zip(plane.labels, plane.chosen.tolist(), strict=True):
        assert chosen in labels


def test_cortex_is_looked_at_in_parts_that_no_image_shows(tmp_path: Path) -> None:
    labels = np.zeros((64, 80, 80), np.int16)
    labels[8:-8, 8:-8, 8:-8] = 42  # FreeSurfer's cortex on the right
    nibabel.save(nibabel.Nifti1Image(labels, np.eye(4)), tmp_path / "head.nii.gz")
    maps = read_label_maps(tmp_path, share=1.0, device="cpu")
    draws = Draws(6)
    plane = maps.cut(draws, 40, 128)
    divided = plane.cells.flatten(1).any(1)
    assert 0.5 < float(divided.float().mean()) < 0.9
    seen = scenes.of_plane(draws, maps, plane)
    for target, cells in zip(scenes._target(draws, seen), plane.cells, strict=True):
        assert len(cells[target].unique()) == 1
    in_view = [len(cells.unique()) for cells in plane.cells[divided]]
    assert max(in_view) > 3


def test_small_vessels_run_through_fat_and_not_through_muscle() -> None:
    image = torch.zeros(12, 1, 64, 64)
    tissues = torch.full((12, 64, 64), int(Tissue.MUSCLE))
    tissues[:, :, 32:] = int(Tissue.FAT)
    levels = torch.ones(12, len(Tissue))
    with_vessels = add_small_vessels(Draws(7), image, tissues, levels)
    assert bool((with_vessels[..., :32] == 0).all())
    share = (with_vessels[..., 32:] > 0).float().mean((1, 2, 3))
    assert float(share.max()) > 0.02
    assert float(share.max()) < 0.5, "fat is to remain fat"
    assert float(share.min()) == 0, "some images have none"


def test_left_and_right_of_a_label_map_are_of_one_tissue(label_maps_folder: Path) -> None:
    maps = read_label_maps(label_maps_folder, share=1.0, device="cpu")
    tissues = maps.tissues(Draws(5), 50)
    assert tissues.shape == (50, 3)
    assert torch.equal(tissues[:, 1], tissues[:, 2])  # FreeSurfer's left and right hippocampus
    assert len(tissues[:, 1].unique()) > 3


def a_vertebra() -> Shapes:
    """A bone with marrow, a ring around fluid, and a process: in this order, one group."""
    layout = Layout(Draws(1), 1)
    zero, one = torch.zeros(1), torch.ones(1)
    organ = Look(Tissue.ORGAN_A, wobble=0, bend=0)
    layout.add_one(zero - 2, zero, one, one, organ)
    body = Look(Tissue.CORTEX, Tissue.MARROW, 0.8, wobble=0, bend=0, group=0)
    layout.add_one(zero, zero, one, one, body)
    ring = Look(Tissue.CORTEX, Tissue.WATER, 0.7, wobble=0, bend=0, group=0)
    layout.add_one(zero + 1.5, zero, one / 2, one / 2, ring)
    return layout.shapes()


def test_the_bones_of_a_vertebra_are_one_and_its_canal_is_none_of_it() -> None:
    shapes = a_vertebra()
    organ, vertebra, ring = (family(shapes, torch.tensor([n]))[0] for n in range(3))
    assert organ.tolist() == [True, True, False, False, False, False]
    assert vertebra.tolist() == [False, False, True, True, True, False]
    assert torch.equal(ring, vertebra)


def test_a_folder_without_label_maps_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no label map"):
        read_label_maps(tmp_path, 0.1, "cpu")
