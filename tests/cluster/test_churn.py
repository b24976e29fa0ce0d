"""Nodes that come, go and rest while jobs are out."""

import asyncio
import itertools
import random

from segued.cluster.messages import AnyJob, DecodeJob, JobAnswer
from segued.cluster.nodes import Nodes
from segued.dsp.segment import Hints, Rules
from segued.media.file_analysis import AnalysisPlan
from segued.units import Dbfs, Seconds, Ticks
from tests.cluster.test_nodes import MAKEUP, ROOT, job, report
from tests.limits import WAIT_SECONDS

ALL = MAKEUP | {"print": "1"}
SLOTS = {"n0": 1, "n1": 2, "n2": 3, "n3": 1}
CANNOT_DECODE = "n0"
STEPS_MAX = 100_000
PLAN = AnalysisPlan(
    Rules(Dbfs(-60.0), Ticks(1), Ticks(1)),
    Hints(leading_number=False, siblings=1, track=None, track_total=None),
    (),
    "",
)


class Churn:
    """Nodes that answer, leave, join again and rest by chance."""

    def __init__(self) -> None:
        self.nodes = Nodes()
        self.nodes.makeups = {"hearing": MAKEUP, "decoding": ALL}
        self.nodes.send_job, self.nodes.send_cancel = self._send, lambda *_: None
        self._chance = random.Random(7)  # noqa: S311 - no secret
        self._joins = itertools.count()
        self._sent: dict[tuple[str, int], AnyJob] = {}
        for name in SLOTS:
            self._join(name)

    def _send(self, address: str, job: AnyJob) -> None:
        nodes = {each.address: each for each in self.nodes.all}
        name = nodes[address].name
        assert len(nodes[address].out) <= SLOTS[name] + 1
        assert not (name == CANNOT_DECODE and job.WORK == "decoding")
        self._sent[(address, job.id)] = job

    def _join(self, name: str) -> None:
        address = f"{name}-{next(self._joins)}"
        self.nodes.join(address, name)
        self._report(address, name, "")

    def _report(self, address: str, name: str, rests: str) -> None:
        makeup = MAKEUP if name == CANNOT_DECODE else ALL
        self.nodes.report(address, report(SLOTS[name], makeup=makeup, rests=rests))

    def step(self, number: int) -> None:
        """Answer some jobs; sometimes, let a node leave and join, or rest."""
        for address, job_id in list(self._sent):
            if self._chance.random() < 0.3:
                del self._sent[(address, job_id)]
                self.nodes.answer(address, JobAnswer(job_id))
        node = self._chance.choice(self.nodes.all)
        if number % 40 == 0:
            for key in [key for key in self._sent if key[0] == node.address]:
                del self._sent[key]
            self.nodes.leave(node.address)
            self._join(node.name)
        elif number % 25 == 0:
            rests = self._chance.choice(["", "it runs on battery"])
            self._report(node.address, node.name, rests)
            assert node.places == (0 if rests else SLOTS[node.name] + 1)


async def test_the_limit_holds_while_nodes_come_go_and_rest() -> None:
    """With both kinds of work; each job is answered once, and none is lost."""
    churn = Churn()

    def any_job(number: int) -> AnyJob:
        path = ROOT + b"/%d" % number
        if number % 2:
            return job(number, path)
        return DecodeJob(number, path, 1, 2, 3.0, PLAN)

    limit = Seconds(WAIT_SECONDS)
    runs = [
        asyncio.create_task(churn.nodes.run(any_job(number), limit))
        for number in range(200)
    ]
    steps = 0
    while not all(each.done() for each in runs):
        await asyncio.sleep(0)
        steps += 1
        churn.step(steps)
        assert steps < STEPS_MAX

    answered = [each.result().id for each in runs if not each.exception()]
    assert len(set(answered)) == len(answered) > 150
    # The others are done at home, because no node could have them at the moment.
    given_up = {str(each.exception()).partition(": ")[2] for each in runs}
    assert given_up <= {
        "",
        "no node offers its folder now",
        "its node was lost each time",
    }
    assert all(not each.out for each in churn.nodes.all)
