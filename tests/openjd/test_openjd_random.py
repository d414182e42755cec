"""Random graphs through the official ``openjd run``, against flowpipe's own evaluation.

More of them: ``--hypothesis-profile=thorough``.
"""

from __future__ import annotations

import tempfile

from hypothesis import given, settings
from hypothesis import strategies as st
from openjd_runs import outputs_by_openjd

from tests.test_random_graphs import assert_equal, graphs, reference_outputs


@settings(deadline=None, max_examples=5)
@given(graph=graphs(), seconds=st.sampled_from([0, 1]))
def test_openjd_gives_what_flowpipe_gives(graph, seconds):
    """With chunks as planned, and with chunks that the tool resizes."""
    with tempfile.TemporaryDirectory() as folder:
        outputs = outputs_by_openjd(graph, folder, seconds=seconds, is_warm=True)

    assert_equal(outputs, reference_outputs(graph))
