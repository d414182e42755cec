"""The jobs as a table and as a graph."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Optional

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QPainterPath, QPalette, QPen, QResizeEvent, QShowEvent, QWheelEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QGraphicsPathItem,
    QGraphicsScene,
    QGraphicsSimpleTextItem,
    QGraphicsView,
    QHeaderView,
    QTableWidget,
    QTableWidgetItem,
    QTabWidget,
    QWidget,
)

Job = Mapping[str, Any]
_LONGEST_LABEL = 28
_ZOOM = 1.2


def table(headings: Sequence[str]) -> QTableWidget:
    """A table to look at, and to copy from."""
    made = QTableWidget(0, len(headings))
    made.setHorizontalHeaderLabels(list(headings))
    made.verticalHeader().hide()
    made.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    made.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    made.setAlternatingRowColors(True)
    made.setTabKeyNavigation(False)
    made.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
    made.horizontalHeader().setStretchLastSection(True)
    return made


def fill_table(widget: QTableWidget, rows: Sequence[Sequence[str]]) -> None:
    """Shows the rows; where there are as many as before, what was selected stays so."""
    is_new = widget.rowCount() != len(rows)
    widget.setRowCount(len(rows))
    for row, texts in enumerate(rows):
        for column, text in enumerate(texts):
            item = widget.item(row, column)
            if item is None:
                item = QTableWidgetItem()
                widget.setItem(row, column, item)
            if item.text() != text:
                item.setText(text)
                item.setToolTip(text)
    if is_new:
        widget.resizeColumnsToContents()


class Preview(QTabWidget):
    """What a submission would make."""

    def __init__(self) -> None:
        super().__init__()
        self.jobs: Sequence[Job] = ()
        self.table = table(("Job", "Frames", "Tasks", "Program", "Waits for"))
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
        fill_table(self.table, rows)
        self.graph.show_jobs(jobs)


class GraphView(QGraphicsView):
    """A box per job, and a line for each wait: dashed where it is frame by frame."""

    def __init__(self) -> None:
        super().__init__()
        self.setScene(QGraphicsScene(self))
        self.setRenderHint(QPainter.RenderHint.Antialiasing)
        self.setDragMode(QGraphicsView.DragMode.ScrollHandDrag)
        self.setTransformationAnchor(QGraphicsView.ViewportAnchor.AnchorUnderMouse)
        self.setAccessibleName("The jobs as a graph")

    def show_jobs(self, jobs: Sequence[Job]) -> None:
        """Draws these, upstream on the left."""
        scene = self.scene()
        scene.clear()
        palette, metrics = self.palette(), QFontMetricsF(self.font())
        texts = {job["key"]: box_text(job) for job in jobs}
        widths = [metrics.horizontalAdvance(line) for text in texts.values() for line in text.splitlines()]
        size = QPointF(max(widths, default=0.0) + 2 * metrics.height(), 3 * metrics.height())
        boxes = {
            key: QRectF(column * (size.x() + 4 * metrics.height()), row * 1.4 * size.y(), size.x(), size.y())
            for key, (column, row) in places(jobs).items()
        }
        line = QPen(palette.color(QPalette.ColorRole.PlaceholderText), 1.5)
        for job in jobs:
            for upstream in job["depends_on"]:
                if upstream["kind"] == "implied":
                    continue
                item = QGraphicsPathItem(_curve(boxes[upstream["key"]], boxes[job["key"]]))
                item.setPen(QPen(line.brush(), line.widthF(), Qt.PenStyle.DashLine if upstream["kind"] == "frame" else Qt.PenStyle.SolidLine))
                item.setToolTip(f"{job['label']} {upstream['reason']}")
                scene.addItem(item)
        for job in jobs:
            self._draw_box(job, boxes[job["key"]], texts[job["key"]])
        scene.setSceneRect(scene.itemsBoundingRect().adjusted(-10, -10, 10, 10))
        self.fit()

    def fit(self) -> None:
        """Shows all of it, not larger than it is."""
        self.resetTransform()
        rect, view = self.sceneRect(), self.viewport().rect()
        if rect.width() > view.width() or rect.height() > view.height():
            self.fitInView(rect, Qt.AspectRatioMode.KeepAspectRatio)

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802  (Qt's name)
        """Zooms."""
        factor = _ZOOM if event.angleDelta().y() > 0 else 1 / _ZOOM
        self.scale(factor, factor)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802  (Qt's name)
        """Shows all of it again."""
        super().resizeEvent(event)
        self.fit()

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802  (Qt's name)
        """As above, now that the size is known."""
        super().showEvent(event)
        self.fit()

    def _draw_box(self, job: Job, rect: QRectF, text: str) -> None:
        palette = self.palette()
        path = QPainterPath()
        path.addRoundedRect(rect, 6, 6)
        box = self.scene().addPath(
            path, QPen(palette.color(QPalette.ColorRole.Highlight), 1.5), palette.brush(QPalette.ColorRole.Button)
        )
        box.setToolTip("\n".join([job["label"], *job["notes"]]))
        label = QGraphicsSimpleTextItem(text, box)
        label.setFont(self.font())
        label.setBrush(palette.brush(QPalette.ColorRole.ButtonText))
        bounds = label.boundingRect()
        label.setPos(rect.center() - bounds.center())


def box_text(job: Job) -> str:
    """What stands in a job's box: its name, and how many tasks of which frames."""
    label = job["label"] if len(job["label"]) <= _LONGEST_LABEL else f"{job['label'][: _LONGEST_LABEL - 1]}…"
    if job["frames"] is None:
        return str(label)
    frames = job["frames"] if len(job["frames"]) <= _LONGEST_LABEL else f"{job['frames'][: _LONGEST_LABEL - 1]}…"
    return f"{label} ×{job['tasks']}\n{frames}"


def places(jobs: Sequence[Job]) -> Mapping[str, tuple[int, float]]:
    """The column and the row of each job: right of all that it waits for, and level with that where there is room."""
    found: dict[str, tuple[int, float]] = {}
    columns: dict[int, list[tuple[float, str]]] = {}
    depths: dict[str, int] = {}
    for job in jobs:
        depths[job["key"]] = max((depths[each["key"]] + 1 for each in job["depends_on"]), default=0)
        columns.setdefault(depths[job["key"]], []).append((0.0, job["key"]))
    parents = {job["key"]: [each["key"] for each in job["depends_on"]] for job in jobs}
    for column, members in sorted(columns.items()):
        keys = [key for _, key in members]
        wanted = {key: sum(found[each][1] for each in parents[key]) / len(parents[key]) for key in keys if parents[key]}
        keys.sort(key=lambda key: wanted.get(key, 0.0))
        row: Optional[float] = None
        for key in keys:
            row = wanted.get(key, 0.0 if row is None else row + 1) if row is None else max(row + 1, wanted.get(key, 0.0))
            found[key] = (column, row)
    return found


def _curve(start: QRectF, end: QRectF) -> QPainterPath:
    first, last = QPointF(start.right(), start.center().y()), QPointF(end.left(), end.center().y())
    middle = (last.x() - first.x()) / 2
    path = QPainterPath(first)
    path.cubicTo(first + QPointF(middle, 0), last - QPointF(middle, 0), last)
    return path
