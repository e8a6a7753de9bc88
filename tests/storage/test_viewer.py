"""No public read of mentions, series, incidents or mails without a `Viewer`."""

import importlib
import pkgutil
import types
from collections.abc import Callable, Iterator
from typing import Any, get_args, get_type_hints

import pytest

import storage
from storage.advocate_accounts import AccountRow, ConsentRow
from storage.breakdowns import Cell
from storage.campaign_results import Result
from storage.campaign_steps import TimelineRow
from storage.campaign_voice import Feedback, QuestionRow
from storage.campaign_watch import Watch
from storage.campaigns import CampaignRow
from storage.contents import ContentPage, ContentRow
from storage.exports import ExportPage, ExportRow
from storage.held import HeldRow
from storage.incident_feedback import GivenAnswer, SensitivityRow
from storage.incident_log import EventRow, IncidentPage, IncidentRow
from storage.incidents import IncidentDetail
from storage.invitation_lists import ListedInvitation
from storage.mention_detail import MentionDetail
from storage.outbox import MailDetail, MailRow
from storage.planned_events import PlannedPage, PlannedRow
from storage.post_mortem import PostMortem
from storage.previews import Preview, PreviewRow
from storage.quality import QualityReport, TagQuality, Week
from storage.quality_checks import Checked
from storage.quality_sample import Judged, Progress
from storage.removals import RemovalRow
from storage.run_log import Problem, RunRow
from storage.search import MentionRow, Page
from storage.series import Bucket
from storage.sharing import SharedContent
from storage.source_health import SourceRow
from storage.totals import Totals, VoiceRow
from storage.viewer import SYSTEM, NotAllowed, Viewer, count_labels, text_labels, viewer_for

READ = {
    AccountRow,
    Bucket,
    CampaignRow,
    Cell,
    Feedback,
    QuestionRow,
    Result,
    TimelineRow,
    Watch,
    Checked,
    ConsentRow,
    ContentPage,
    ContentRow,
    EventRow,
    ExportPage,
    ExportRow,
    GivenAnswer,
    HeldRow,
    IncidentDetail,
    IncidentPage,
    IncidentRow,
    Judged,
    ListedInvitation,
    MailDetail,
    MailRow,
    MentionDetail,
    MentionRow,
    Page,
    PlannedPage,
    PlannedRow,
    PostMortem,
    Preview,
    PreviewRow,
    Problem,
    Progress,
    QualityReport,
    RemovalRow,
    RunRow,
    SensitivityRow,
    SharedContent,
    SourceRow,
    TagQuality,
    Totals,
    VoiceRow,
    Week,
}


def _public_functions() -> Iterator[Callable[..., Any]]:
    for module in pkgutil.iter_modules(storage.__path__):
        if module.ispkg:
            continue
        loaded = importlib.import_module(f"storage.{module.name}")
        for name, found in vars(loaded).items():
            if isinstance(found, types.FunctionType) and found.__module__ == loaded.__name__ and name[0] != "_":
                yield found


def _types_in(hint: object) -> set[object]:
    return {hint}.union(*(_types_in(part) for part in get_args(hint)))


def test_every_read_takes_a_viewer() -> None:
    reads = [function for function in _public_functions() if READ & _types_in(get_type_hints(function).get("return"))]
    assert len(reads) >= 12
    without = [f.__qualname__ for f in reads if Viewer not in get_type_hints(f).values()]
    assert without == []


@pytest.mark.parametrize(
    ("role", "texts", "counts"),
    [
        ("marketing", "both brand neither", "both brand neither"),
        ("hr", "both employer", "both employer"),
        ("leadership", "", "both brand employer neither"),
        ("advocate", "", ""),
        ("administrator", "both brand employer neither", "both brand employer neither"),
        ("auditor", "", ""),
    ],
)
def test_what_a_role_reads(role: str, texts: str, counts: str) -> None:
    viewer = viewer_for(role)
    assert (sorted(viewer.facets), sorted(viewer.aggregate_facets)) == (texts.split(), counts.split())
    for allowed, labels in ((texts, text_labels), (counts, count_labels)):
        if not allowed:
            with pytest.raises(NotAllowed):
                labels(viewer)


def test_a_facet_includes_what_is_about_both_sides() -> None:
    assert text_labels(viewer_for("hr"), "employer") == ["both", "employer"]
    assert count_labels(SYSTEM, "brand") == ["both", "brand"]
    assert count_labels(SYSTEM, "both") == ["both"]


def test_an_unknown_role_is_refused() -> None:
    with pytest.raises(ValueError, match="boss"):
        viewer_for("boss")
