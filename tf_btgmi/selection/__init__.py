"""Objects of a picture, selected by a box or by clicks."""

from tf_btgmi.selection.selector import Click, prepare, select

__all__ = ["Click", "prepare", "select"]
