"""Regions: the cells of sign and binade at which failures were seen."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from suite.region import Region, cells_of, region_from


@given(st.lists(st.floats(), min_size=1))
def test_a_region_is_read_as_it_was_told(values: list[float]) -> None:
    region = Region((cells_of(np.array(values)),))
    assert region_from(region.told()) == region and region.covers(region)


def test_the_point_of_a_row_is_its_largest_entry() -> None:
    assert cells_of(np.array([[1.0, -5.0], [0.1, 4.0]])) == cells_of(np.array([-7.0, 5.0]))
    assert cells_of(np.array([[1.0, np.nan]])) == cells_of(np.array([np.nan]))
    assert cells_of(np.array([[3], [7]])) == {0}  # labels have no size
