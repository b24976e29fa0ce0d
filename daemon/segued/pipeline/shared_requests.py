"""Which questions may share a request, after requests that failed as a whole.

One question may make the answer of a whole batch unusable, or its request fail every
time. The questions of a failed batch are sent again in halves, after all others, until
the one is alone.
"""

from collections.abc import Sequence

from segued.store.lookups import LookupQuestion

__all__ = ["SharedRequests"]


class SharedRequests:
    """The questions of failed requests, for as long as the process runs.

    Attributes:
        set_aside: The keys of questions that are sent after all others.
    """

    def __init__(self) -> None:
        self.set_aside: set[str] = set()
        self._largest_batch: dict[str, int] = {}
        self._answered = 0
        self._answered_at_failure: dict[str, int] = {}

    def choose(
        self, questions: Sequence[LookupQuestion], limit: int
    ) -> list[LookupQuestion]:
        """Return those of some questions that may share a request with the first."""
        if not questions:
            return []
        largest = self._largest_batch.get(questions[0].key, limit)
        return [
            question
            for question in questions
            if self._largest_batch.get(question.key, limit) == largest
        ][:largest]

    def record_answers(self, questions: Sequence[LookupQuestion]) -> None:
        """Record that the service answered some questions, usably or not."""
        self._answered += 1
        for question in questions:
            self.set_aside.discard(question.key)
            self._largest_batch.pop(question.key, None)
            self._answered_at_failure.pop(question.key, None)

    def record_failure(
        self, questions: Sequence[LookupQuestion], *, is_service_up: bool
    ) -> bool:
        """Set the questions of a failed request aside; halve their batch.

        Args:
            questions: The questions of the request.
            is_service_up: Whether the service answers other requests, as far as known.
                If not, the batch is not at fault.

        Returns:
            Whether the questions are to blame: it is only one, the service is up, and
            between the failures of this question it answered others.
        """
        self.set_aside.update(question.key for question in questions)
        if not is_service_up:
            return False
        before = [
            self._answered_at_failure.setdefault(question.key, self._answered)
            for question in questions
        ]
        if len(questions) > 1:
            half = len(questions) // 2
            self._largest_batch |= {each.key: half for each in questions}
            return False
        return before[0] < self._answered
