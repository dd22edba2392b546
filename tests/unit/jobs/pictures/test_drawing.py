import numpy as np
from PIL import Image, ImageChops

from jobs.pictures.drawing import Words, draw, draw_heat
from storage.dataset import FloorPlan


def plan(cells: np.ndarray, *missing: tuple[int, int]) -> FloorPlan:
    return FloorPlan("k1:" + "0" * 32, cells, left=7, top=3, pixel_size=5, missing=missing)


def home() -> np.ndarray:
    cells = np.zeros((128, 128), np.uint8)
    cells[10:100, 10:100] = 2
    cells[12:98, 12:50] = 4
    cells[12:98, 52:98] = 5
    cells[50, 20:90] = 3
    return cells


def colours(picture: Image.Image) -> set[tuple[int, ...]]:
    return {tuple(pixel) for pixel in np.asarray(picture).reshape(-1, 3).tolist()}


def test_the_same_map_makes_the_same_picture_and_every_label_shows() -> None:
    one, two = draw(plan(home()), Words("Map", ["now"])), draw(plan(home()), Words("Map", ["now"]))
    assert ImageChops.difference(one, two).getbbox() is None
    without_path = home()
    without_path[without_path == 3] = 4
    assert colours(one) > colours(draw(plan(without_path), Words("Map", ["now"])))


def test_the_picture_shows_the_home_and_not_the_emptiness_around_it() -> None:
    small, far = home(), np.zeros((640, 640), np.uint8)
    far[300:428, 200:328] = small
    assert draw(plan(small), Words("Map")).size == draw(plan(far), Words("Map")).size


def test_a_tile_that_is_missing_is_hatched_and_in_the_legend() -> None:
    cells = home()
    cells[64:, 64:] = 0
    whole, hatched = draw(plan(cells), Words("Map")), draw(plan(cells, (8, 4)), Words("Map"))
    assert ImageChops.difference(whole, hatched).getbbox() is not None


def test_a_map_of_nothing_and_one_of_a_single_cell_are_pictures_too() -> None:
    empty = np.zeros((64, 64), np.uint8)
    dot = empty.copy()
    dot[63, 63] = 34
    assert draw(plan(empty), Words("Map")).width > 0
    assert draw(plan(dot), Words("Map")).width > 0


def test_pictures_of_one_frame_are_of_one_size_whatever_is_known_yet() -> None:
    early = home()
    early[60:] = 0
    assert (
        draw(plan(early), Words("Map"), within=home()).height
        == draw(plan(home()), Words("Map")).height
    )


def test_a_heat_map_is_darker_where_the_robot_swept_more_often() -> None:
    counts = np.zeros((128, 128), np.int64)
    counts[20:90, 20:40] = 1
    counts[20:90, 60:80] = 7
    grey = np.asarray(draw_heat(plan(home()), counts, Words("Swept")).convert("L"))
    scale, legend = 8, 250
    middle = grey[grey.shape[0] // 2, : grey.shape[1] - legend]
    seldom, often = (middle[28 + scale * (column - 4)] for column in (30, 70))
    assert often < seldom
    assert draw_heat(plan(home()), 0 * counts, Words("Swept")).width > 0
