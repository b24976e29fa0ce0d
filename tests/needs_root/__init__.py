"""Stories that root alone can stage: disks that come and go, and closed doors."""
