"""The jobs as a table and as a graph."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

from PySide6 import QtCore, QtGui, QtWidgets
from PySide6.QtCore import Qt

from ..core.text import one_line
from ..drawing.layout import Point, place
from .form import tint

Job = Mapping[str, Any]
_LONGEST_LABEL = 28
_WIDEST_COLUMN = 40
_ZOOM = 1.2


class Table(QtWidgets.QTableWidget):
    """A table to look at, and to copy from."""

    def __init__(self, *headings: str) -> None:
        super().__init__(0, len(headings))
        self.setHorizontalHeaderLabels(headings)
        self.setEditTriggers(QtWidgets.QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionBehavior(QtWidgets.QAbstractItemView.SelectionBehavior.SelectRows)
        self.setAlternatingRowColors(True)
        self.setTabKeyNavigation(False)
        self.verticalHeader().hide()
        header = self.horizontalHeader()
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setSectionResizeMode(QtWidgets.QHeaderView.ResizeMode.ResizeToContents)
        header.setMaximumSectionSize(self.fontMetrics().averageCharWidth() * _WIDEST_COLUMN)
        header.setStretchLastSection(True)

    def fill(self, rows: Sequence[Sequence[str]]) -> None:
        """Shows the rows; what is selected stays so."""
        self.setRowCount(len(rows))
        for row, texts in enumerate(rows):
            for column, text in enumerate(texts):
                item = self.item(row, column)
                if item is None:
                    item = QtWidgets.QTableWidgetItem()
                    self.setItem(row, column, item)
                item.setText(text)
                item.setToolTip(text)


class Preview(QtWidgets.QTabWidget):
    """What a submission would make."""

    def __init__(self) -> None:
        super().__init__()
        self.jobs: Sequence[Job] = ()
        self.table = Table("Job", "Frames", "Tasks", "Interpreter", "Waits for")
        self.graph = GraphView()
        self.addTab(self.table, "Jobs")
        self.addTab(self.graph, "Graph")

    def show_jobs(self, jobs: Sequence[Job]) -> None:
        """Shows these, upstream first."""
        if jobs == self.jobs:
            return
        self.jobs = jobs
        labels = {job["key"]: job["label"] for job in jobs}
        rows = [
            (
                job["label"],
                job["frames"] or "",
                str(job["tasks"]),
                job["interpreter"],
                ", ".join(labels[upstream["key"]] for upstream in job["depends_on"] if upstream["kind"] != "implied"),
            )
            for job in jobs
        ]
        self.table.fill(rows)
        self.graph.show_jobs(jobs)


class GraphView(QtWidgets.QGraphicsView):
    """A box per job, and a line for each wait: dashed where it is frame by frame."""

    def __init__(self) -> None:
        super().__init__()
        self.setScene(QtWidgets.QGraphicsScene(self))
        self.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing)
        self.setDragMode(QtWidgets.QGraphicsView.DragMode.ScrollHandDrag)
        self.setTransformationAnchor(QtWidgets.QGraphicsView.ViewportAnchor.AnchorUnderMouse)
        self.setAccessibleName("The jobs as a graph")

    def show_jobs(self, jobs: Sequence[Job]) -> None:
        """Draws these, upstream on the left."""
        scene = self.scene()
        scene.clear()
        palette, metrics = self.palette(), QtGui.QFontMetricsF(self.font())
        texts = {job["key"]: box_text(job) for job in jobs}
        widths = [metrics.horizontalAdvance(line) for text in texts.values() for line in text.splitlines()]
        size = QtCore.QPointF(max(widths, default=0.0) + 2 * metrics.height(), 3 * metrics.height())
        waits = {
            (upstream["key"], job["key"]): (job, upstream)
            for job in jobs
            for upstream in job["depends_on"]
            if upstream["kind"] != "implied"
        }
        gaps = (4 * metrics.height(), metrics.height())
        layout = place([job["key"] for job in jobs], list(waits), size=(size.x(), size.y()), gaps=gaps)
        line = QtGui.QPen(palette.color(QtGui.QPalette.ColorRole.PlaceholderText), 1.5)
        dashed = QtGui.QPen(line.brush(), line.widthF(), Qt.PenStyle.DashLine)
        for ends, (job, upstream) in waits.items():
            item = QtWidgets.QGraphicsPathItem(_curve(layout.routes[ends]))
            item.setPen(dashed if upstream["kind"] == "frame" else line)
            item.setToolTip(f"{job['label']} {upstream['reason']}")
            scene.addItem(item)
        for job in jobs:
            corner = QtCore.QPointF(*layout.boxes[job["key"]])
            self._draw_box(job, QtCore.QRectF(corner, corner + size), texts[job["key"]])
        scene.setSceneRect(scene.itemsBoundingRect().adjusted(-10, -10, 10, 10))
        self.fit()

    def fit(self) -> None:
        """Shows all of it, not larger than it is."""
        self.resetTransform()
        rect, view = self.sceneRect(), self.viewport().rect()
        if rect.width() > view.width() or rect.height() > view.height():
            self.fitInView(rect, Qt.AspectRatioMode.KeepAspectRatio)

    def wheelEvent(self, event: QtGui.QWheelEvent) -> None:  # noqa: N802  (Qt's name)
        """Zooms."""
        factor = _ZOOM if event.angleDelta().y() > 0 else 1 / _ZOOM
        self.scale(factor, factor)

    def resizeEvent(self, event: QtGui.QResizeEvent) -> None:  # noqa: N802  (Qt's name)
        """Shows all of it again."""
        super().resizeEvent(event)
        self.fit()

    def _draw_box(self, job: Job, rect: QtCore.QRectF, text: str) -> None:
        palette = self.palette()
        path = QtGui.QPainterPath()
        path.addRoundedRect(rect, 6, 6)
        box = self.scene().addPath(
            path,
            QtGui.QPen(palette.color(QtGui.QPalette.ColorRole.Highlight), 1.5),
            palette.brush(QtGui.QPalette.ColorRole.Button),
        )
        box.setToolTip("\n".join([job["label"], *job["notes"]]))
        lines = text.splitlines()
        for number, line in enumerate(lines):
            label = QtWidgets.QGraphicsSimpleTextItem(line, box)
            label.setFont(self.font())
            label.setBrush(tint(palette, "note") if number else palette.brush(QtGui.QPalette.ColorRole.ButtonText))
            bounds = label.boundingRect()
            label.setPos(
                rect.center() - bounds.center() + QtCore.QPointF(0, (number - (len(lines) - 1) / 2) * bounds.height())
            )


def box_text(job: Job) -> str:
    """What stands in a job's box: its name, and how many tasks of which frames."""
    label = one_line(job["label"], longest=_LONGEST_LABEL)
    if job["frames"] is None:
        return label
    return f"{label} ×{job['tasks']}\n{one_line(job['frames'], longest=_LONGEST_LABEL)}"


def _curve(points: Sequence[Point]) -> QtGui.QPainterPath:
    path = QtGui.QPainterPath(QtCore.QPointF(*points[0]))
    for (x, y), (next_x, next_y) in itertools.pairwise(points):
        path.cubicTo((x + next_x) / 2, y, (x + next_x) / 2, next_y, next_x, next_y)
    return path
