"""What other apps can listen to."""

from django.dispatch import Signal

# A person has changed their own time zone on the profile. Arguments: `person`, and `before`, the name of the zone they
# had. A receiver may return the address of a page that asks what follows from it; the profile leads there then.
time_zone_changed = Signal()
