"""What is known of the test items besides the answers to them: slices, overlap, exposure, profile.

Looks at items and base models and changes neither; no run's result depends on it. To add a slice,
write a `Label` and give it a row in `SLICES`.
"""

from harness.audit.background import Background, Exposed, background_of, item_texts
from harness.audit.overlap import Overlap, audit_overlap
from harness.audit.profile import Profile, profile_of
from harness.audit.slices import SLICES, slice_labels

__all__ = [
    "SLICES",
    "Background",
    "Exposed",
    "Overlap",
    "Profile",
    "audit_overlap",
    "background_of",
    "item_texts",
    "profile_of",
    "slice_labels",
]
