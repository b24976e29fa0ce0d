"""A subquery for the problems of files: failures, warnings and missing flavors.

A file has at most one row in `failures`; in addition one with the code `flavor` if
the flavor of passages could not be determined, which `passages` stores per passage.
"""

from typing import Final

from segued.model import PhaseNumber

__all__ = ["FILE_PROBLEMS"]

FILE_PROBLEMS: Final = f"""(
    SELECT file_id, phase, code, detail, fatal, at, retry_at FROM failures
    UNION ALL
    SELECT
        passages.file_id, {PhaseNumber.FLAVOR:d}, 'flavor',
        path_text || ': ' || CASE
            WHEN count(*) > 1
            THEN 'passage ' || min(ordinal) || ' and ' || (count(*) - 1) || ' more: '
            WHEN min(ordinal) > 1 THEN 'passage ' || min(ordinal) || ': '
            ELSE ''
        END || flavor_failure,  -- of the passage with the least ordinal
        0,
        coalesce(
            (
                SELECT at FROM checkpoints
                WHERE file_id = files.id AND phase = {PhaseNumber.FLAVOR:d}
            ),
            finished_at, added_at
        ),
        NULL
    FROM passages JOIN files ON files.id = passages.file_id
    WHERE flavor_failure IS NOT NULL
    GROUP BY passages.file_id
) AS problems"""  # noqa: S608
"""Join it with `files` and leave MISSING files out: their problems cannot be fixed."""
