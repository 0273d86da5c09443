"""Which results of a run are skipped, and which may not be written."""

import pytest

from tf_btgmi.cli.batches import Outputs


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_folder_is_no_result_that_exists(tmp_path, overwrite):
    folder = tmp_path / "dir.png"
    folder.mkdir()
    with pytest.raises(ValueError, match="dir.png is a folder. Give the name of a"):
        Outputs(overwrite, skip=True, inputs=()).skips(str(folder))
