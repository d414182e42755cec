"""Pictures of a lacquered knot on a turntable, sphere-traced with numpy.

The knot stands still and the studio (camera, lights, backdrop) walks around it, so that a turn of the table
costs nothing in the distance function, which is evaluated a few hundred times for each pixel. Vectors are
float32 arrays of shape ``(3, n)``, scalars ``(n,)``. y points up, the floor is ``y = 0``, the table turns
around the y axis. Nothing here is random: the same arguments give the same pixels.
"""

# numpy gives most of its operators the type Any.
# mypy: no-warn-return-any

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]
Look = Literal["beauty", "clay"]

SAMPLES = 2
"""Samples along each side of a pixel."""
RAYS_AT_ONCE = 65536
"""Rays per band of rows: bounds the memory a large picture takes."""

RING, WINDING, TUBE = 0.78, 0.31, 0.185
"""Radius of the ring, of the strands winding around it, and of the tube itself."""
TWIST = 1.5
"""Windings per turn of the ring: a trefoil closes after two turns and three windings."""
CENTRE = 1.06
"""Height of the ring's centre: two of the three loops stand on the table."""
TABLE, FLOOR_REACH = 1.62, 7.0
"""Radius of the table, and of the floor before it is lost in the dark."""
CAUTION = 0.74
"""Share of a distance that a ray may safely go: near the axis they come out up to a third too long."""
LIFT = 0.012
"""Distance above a surface at which further rays start, so that it is not in its own way."""


def _vector(x: float, y: float, z: float) -> Array:
    """One vector, or one linear colour, as a column."""
    return np.array([[x], [y], [z]], dtype=np.float32)


def _dot(a: Array, b: Array) -> Array:
    """Scalar products, column by column."""
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


def _unit(vectors: Array) -> Array:
    """The vectors at length one."""
    return vectors / np.sqrt(_dot(vectors, vectors))


def _turned(vectors: Array, degrees: float) -> Array:
    """The vectors, turned around the y axis."""
    cosine, sine = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    x, y, z = vectors
    return np.stack([cosine * x + sine * z, y, cosine * z - sine * x])


def _ramp(values: Array, start: float, end: float) -> Array:
    """0 before ``start``, 1 after ``end``, smooth between; ``start`` may be the larger one."""
    position = np.clip((values - start) / (end - start), 0, 1)
    return position * position * (3 - 2 * position)


BOX = (_vector(-1.23, -0.01, -0.51), _vector(1.23, 2.35, 0.51))
"""Corners of a box around the knot."""
CORNERS = (_vector(1, -1, -1), _vector(-1, -1, 1), _vector(-1, 1, -1), _vector(1, 1, 1))
"""Four directions in balance: their weighted sum gives a gradient."""

LACQUER, GOLD, CLAY = _vector(0.50, 0.040, 0.020), _vector(1.0, 0.66, 0.30), _vector(0.40, 0.39, 0.38)
SLATE, FLOOR, PAINT = _vector(0.012, 0.013, 0.015), _vector(0.046, 0.050, 0.060), _vector(0.60, 0.58, 0.52)
SKY, GROUND = _vector(0.17, 0.20, 0.26), _vector(0.022, 0.020, 0.022)


@dataclass(frozen=True)
class Light:
    """A distant lamp: the direction towards it, and its colour."""

    direction: Array
    colour: Array


@dataclass(frozen=True)
class Softbox:
    """A glowing rectangle far away, seen in reflections; half sizes at distance one."""

    towards: Array
    half_width: float
    half_height: float
    colour: Array

    def seen(self, directions: Array, *, blur: float) -> Array:
        """Its light along the directions; ``blur`` softens the edges."""
        sideways = _unit(np.stack([self.towards[2], 0 * self.towards[0], -self.towards[0]]))
        upward = np.cross(self.towards, sideways, axis=0)
        ahead = _dot(directions, self.towards)
        depth = np.maximum(ahead, 1e-3)
        across, along = np.abs(_dot(directions, sideways)) / depth, np.abs(_dot(directions, upward)) / depth
        inside = _ramp(across, self.half_width + blur, self.half_width - blur)
        inside = inside * _ramp(along, self.half_height + blur, self.half_height - blur)
        return self.colour * (inside * (ahead > 0))


@dataclass(frozen=True)
class Studio:
    """The lights and the backdrop as the standing knot sees them once the table has turned."""

    look: Look
    right: Array
    key: Light
    rim: Light
    softboxes: tuple[Softbox, ...]

    def backdrop(self, directions: Array) -> Array:
        """The wall behind the table: dark, with a pool of light behind the knot."""
        sideways = _dot(directions, self.right)
        pool = np.exp(-7 * sideways**2 - 12 * (directions[1] - 0.03) ** 2)
        return _vector(0.003, 0.004, 0.006) + _vector(0.044, 0.056, 0.078) * pool

    def surroundings(self, directions: Array, *, blur: float) -> Array:
        """What a reflection sees of the studio."""
        seen = GROUND + _vector(0.16, 0.19, 0.24) * _ramp(directions[1], -0.1, 1.0)
        for softbox in self.softboxes:
            seen = seen + softbox.seen(directions, blur=blur)
        return seen


def _studio(*, turn: float, look: Look) -> Studio:
    """A warm key light from the upper left, a cool rim light from behind, and their softboxes."""

    def towards(x: float, y: float, z: float) -> Array:
        return _turned(_unit(_vector(x, y, z)), -turn)

    return Studio(
        look=look,
        right=towards(1, 0, 0),
        key=Light(towards(-0.62, 0.74, 0.60), _vector(2.05, 1.78, 1.45)),
        rim=Light(towards(0.72, 0.42, -0.80), _vector(1.10, 1.75, 2.70)),
        softboxes=(
            Softbox(towards(-0.75, 0.62, 0.60), 0.42, 0.62, _vector(7.2, 6.2, 5.0)),
            Softbox(towards(0.90, 0.35, -0.55), 0.16, 0.90, _vector(3.0, 4.6, 7.4)),
            Softbox(towards(-0.75, 0.25, -0.85), 0.12, 0.80, _vector(1.8, 2.5, 3.8)),
            Softbox(towards(0.85, 0.20, 0.75), 0.10, 0.55, _vector(1.2, 1.1, 1.0)),
        ),
    )


@dataclass(frozen=True)
class Hits:
    """Where rays met a surface."""

    points: Array
    normals: Array
    rays: Array

    @property
    def lifted(self) -> Array:
        """The points just above the surface, to start further rays from."""
        return self.points + self.normals * LIFT

    @property
    def mirrored(self) -> Array:
        """The rays as the surface reflects them."""
        return self.rays - 2 * _dot(self.rays, self.normals) * self.normals

    def fresnel(self, facing: Array | float) -> Array:
        """The share of light reflected, from ``facing`` head-on to all of it at grazing angles."""
        grazing = np.clip(1 + _dot(self.rays, self.normals), 0, 1) ** 5
        return facing + (1 - facing) * grazing


def _strand_offset(points: Array) -> tuple[Array, Array, Array]:
    """The way from the nearest strand to the points: two coordinates across the tube, and one ahead along it.

    The half plane through the ring's axis and a point holds two strands, opposite each other on the winding.
    The nearer one is followed by two Newton steps, so that the tube is round where it runs steeply. The first
    two coordinates turn with the winding: a line at a fixed angle in them spirals around the tube.
    """
    x, y, z = points[0], points[1] - CENTRE, points[2]
    radius, angle = np.sqrt(x * x + y * y), np.arctan2(x, y)
    cosine, sine = np.cos(TWIST * angle), np.sin(TWIST * angle)
    winding = np.copysign(WINDING, cosine * (radius - RING) + sine * z)
    lean = TWIST * winding
    followed = np.zeros_like(angle)
    for _ in range(3):
        cosine, sine = np.cos(TWIST * (angle + followed)), np.sin(TWIST * (angle + followed))
        reach = RING + winding * cosine
        out, aside, rise = radius * np.cos(followed) - reach, -radius * np.sin(followed), z - winding * sine
        around, speed = cosine * rise - sine * out, np.sqrt(reach * reach + lean * lean)
        ahead = (lean * around + reach * aside) / speed
        across, along = cosine * out + sine * rise, (reach * around - lean * aside) / speed
        followed = np.clip(followed + ahead / speed, -0.8, 0.8)
    side = np.sign(winding)
    return across * side, along * side, ahead


def _gap(points: Array) -> Array:
    """Distances to the knot's surface, negative inside."""
    across, along, ahead = _strand_offset(points)
    return np.sqrt(across * across + along * along + ahead * ahead) - TUBE


def _through_box(origins: Array, rays: Array, *, margin: float) -> tuple[Array, Array]:
    """Distances at which rays enter and leave the box around the knot; enter >= leave where they miss it."""
    with np.errstate(divide="ignore", invalid="ignore"):
        one = (BOX[0] - margin - origins) / rays
        other = (BOX[1] + margin - origins) / rays
    enter = np.minimum(one, other).max(axis=0)
    leave = np.maximum(one, other).min(axis=0)
    return np.maximum(enter, 0), leave


def _march(origins: Array, rays: Array) -> Array:
    """Distances along the rays to the knot, infinite where they miss it."""
    enter, leave = _through_box(origins, rays, margin=0.0)
    reached = np.full(rays.shape[1], np.inf, dtype=np.float32)
    alive = np.flatnonzero(enter < leave)
    origins, rays, travelled, leave = origins[:, alive], rays[:, alive], enter[alive], leave[alive]
    for _ in range(64):
        gap = _gap(origins + rays * travelled)
        close = gap < 0.002
        reached[alive[close]] = travelled[close]
        travelled = travelled + gap * CAUTION
        going = ~close & (travelled < leave)
        alive, travelled, leave = alive[going], travelled[going], leave[going]
        origins, rays = origins[:, going], rays[:, going]
        if not alive.size:
            break
    return reached


def _lit(origins: Array, towards: Array) -> Array:
    """How much of a soft lamp the points see past the knot, 0 to 1.

    The narrowest gap on the way, relative to the distance, tells how much of the lamp is covered.
    """
    sharpness = 9.0
    rays = np.broadcast_to(towards, origins.shape)
    enter, leave = _through_box(origins, rays, margin=0.45)
    clear = np.ones(origins.shape[1], dtype=np.float32)
    alive = np.flatnonzero(enter < leave)
    origins, travelled, leave = origins[:, alive], np.maximum(enter[alive], 0.03), leave[alive]
    for _ in range(32):
        gap = _gap(origins + towards * travelled)
        clear[alive] = np.minimum(clear[alive], sharpness * gap / travelled)
        travelled = travelled + np.clip(gap * CAUTION, 0.02, 0.25)
        going = (clear[alive] > -1) & (travelled < leave)
        alive, travelled, leave, origins = alive[going], travelled[going], leave[going], origins[:, going]
        if not alive.size:
            break
    return _ramp(clear, -1, 1)


def _openness(points: Array, towards: Array, *, reach: float) -> Array:
    """How free of the knot the space is in that direction, 0 to 1 (ambient occlusion from five samples)."""
    blocked = np.zeros(points.shape[1], dtype=np.float32)
    for step in range(5):
        height = 0.02 + reach * step / 4
        shortfall = np.maximum(height - _gap(points + towards * height), 0)
        blocked = blocked + shortfall / height * (0.30 * 0.85**step)
    return np.clip(1 - blocked, 0, 1)


def _knot_hits(origins: Array, rays: Array, distances: Array) -> Hits:
    """The points of the knot that rays met, with their normals."""
    points = origins + rays * distances
    slope = sum((corner * _gap(points + corner * 0.002) for corner in CORNERS), _vector(0, 0, 0))
    return Hits(points, _unit(slope), rays)


def _lamp_light(hits: Hits, light: Light) -> Array:
    """Light a matt white surface receives from a lamp."""
    facing = np.clip(_dot(hits.normals, light.direction), 0, 1)
    return light.colour * (facing * _lit(hits.lifted, light.direction))


def _reflections(hits: Hits, studio: Studio, *, blur: float, bounces: int) -> Array:
    """What the mirrored rays see: the knot where it is in the way, else the studio."""
    origins, mirrored = hits.lifted, hits.mirrored
    seen = studio.surroundings(mirrored, blur=blur)
    distances = _march(origins, mirrored)
    met = np.flatnonzero(np.isfinite(distances))
    if met.size:
        knot = _knot_hits(origins[:, met], mirrored[:, met], distances[met])
        seen[:, met] = _shade_knot(knot, studio, bounces=bounces - 1)
    return seen


def _shade_knot(hits: Hits, studio: Studio, *, bounces: int = 1) -> Array:
    """Light from the knot: lacquer with inlaid gold lines, or clay."""
    openness = _openness(hits.points, hits.normals, reach=0.5)
    upward = hits.normals[1] * 0.5 + 0.5
    light = _lamp_light(hits, studio.key) + _lamp_light(hits, studio.rim)
    light = light + (GROUND + (SKY - GROUND) * upward) * openness
    if studio.look == "clay":
        return CLAY * light

    across, along, _ = _strand_offset(hits.points)
    angle = np.degrees(np.arctan2(along, across))
    inlay = _ramp(np.abs((angle + 75) % 180 - 90), 12.5, 10.0)
    matt = LACQUER * (1 - inlay) + GOLD * 0.25 * inlay
    polish = hits.fresnel(0.05 * (1 - inlay) + GOLD * 0.75 * inlay)
    if bounces:
        seen = _reflections(hits, studio, blur=0.14, bounces=bounces)
    else:
        seen = studio.surroundings(hits.mirrored, blur=0.14)
    return matt * light + polish * seen * (0.3 + 0.7 * openness)


def _table_colour(points: Array, radius: Array) -> Array:
    """Slate with a brass ring and a mark every 15 degrees: longer each quarter turn, longest in front."""
    angle = np.degrees(np.arctan2(points[0], points[2]))
    painted = np.zeros_like(radius)
    for step, start, width in ((15, 1.41, 0.013), (90, 1.31, 0.020), (360, 1.15, 0.036)):
        offset = np.radians(np.abs((angle + step / 2) % step - step / 2)) * radius
        mark = _ramp(offset, width + 0.008, width - 0.008) * _ramp(radius, start - 0.01, start + 0.01)
        painted = np.maximum(painted, mark)
    painted = painted * _ramp(radius, 1.51, 1.49)
    ring = _ramp(np.abs(radius - 1.57), 0.022, 0.012)
    return SLATE + PAINT * painted + GOLD * (ring * 0.25)


def _shade_floor(points: Array, rays: Array, studio: Studio) -> Array:
    """Light from the floor and from the polished table let into it."""
    up = _vector(0, 1, 0)
    hits = Hits(points, np.broadcast_to(up, points.shape), rays)
    radius = np.sqrt(points[0] ** 2 + points[2] ** 2)
    table = _ramp(radius, TABLE + 0.01, TABLE - 0.01)
    joint = _ramp(np.abs(radius - TABLE), 0.005, 0.03)
    light = _lamp_light(hits, studio.key) + _lamp_light(hits, studio.rim) * 0.5
    light = light + SKY * _openness(points, up, reach=0.9)
    colour: Array = (FLOOR * (1 - table) + _table_colour(points, radius) * table) * light * joint
    polished = np.flatnonzero(radius < TABLE)
    if polished.size:
        mirror = Hits(points[:, polished], hits.normals[:, polished], rays[:, polished])
        share = mirror.fresnel(0.10) * table[polished]
        colour[:, polished] += share * _reflections(mirror, studio, blur=0.3, bounces=1)
    return colour


def _trace(origin: Array, rays: Array, studio: Studio) -> Array:
    """Linear colours along rays that start at one point."""
    colours = studio.backdrop(rays)
    origins = np.broadcast_to(origin, rays.shape)
    to_knot = _march(origins, rays)
    with np.errstate(divide="ignore"):
        to_floor = np.where(rays[1] < 0, -origin[1] / rays[1], np.inf)
    met = np.flatnonzero(np.isfinite(to_knot))
    colours[:, met] = _shade_knot(_knot_hits(origins[:, met], rays[:, met], to_knot[met]), studio)

    floor = np.flatnonzero((to_floor < 40) & np.isinf(to_knot))
    points = origin + rays[:, floor] * to_floor[floor]
    radius = np.sqrt(points[0] ** 2 + points[2] ** 2)
    near = radius < FLOOR_REACH
    floor, points, radius = floor[near], points[:, near], radius[near]
    fade = _ramp(radius, 1.4, FLOOR_REACH)
    shaded = _shade_floor(points, rays[:, floor], studio)
    colours[:, floor] = shaded * (1 - fade) + colours[:, floor] * fade
    return colours


def _developed(colours: Array) -> Array:
    """Linear light as display values from 0 to 1: exposure, shoulder, gamma, a touch of contrast."""
    display = (1 - np.exp(-1.3 * colours)) ** (1 / 2.2)
    return display * 0.4 + _ramp(display, 0, 1) * 0.6


def _film(width: int, height: int) -> tuple[Array, Array]:
    """Positions of the samples on the film, across and along, at distance one from the lens.

    The knot keeps its place in tall pictures too: the film is never narrower than that of a 16:9 frame.
    """
    scale = math.tan(math.radians(12.5)) * max(1.0, 16 / 9 * height / width)
    columns = (np.arange(width * SAMPLES) + 0.5) / (width * SAMPLES) * 2 - 1
    rows = 1 - (np.arange(height * SAMPLES) + 0.5) / (height * SAMPLES) * 2
    return (columns * scale * width / height).astype(np.float32), (rows * scale).astype(np.float32)


def render(*, width: int, height: int, turn: float, elevation: float = 11.0, look: Look = "beauty") -> Array:
    """The picture with the table turned by ``turn`` degrees: sRGB, uint8, shape ``(height, width, 3)``.

    The camera looks down by ``elevation`` degrees: 0 is level, 90 is straight from above.

    >>> render(width=16, height=9, turn=0.0).shape
    (9, 16, 3)
    """
    studio = _studio(turn=turn, look=look)
    sine, cosine = math.sin(math.radians(elevation)), math.cos(math.radians(elevation))
    forward, upward, right = _vector(0, -sine, -cosine), _vector(0, cosine, -sine), _vector(1, 0, 0)
    camera = _turned(_vector(0, 0.98, 0) - forward * 7.9, -turn)
    across, along = _film(width, height)
    picture: Array = np.empty((height, width, 3), dtype=np.uint8)
    band = max(1, RAYS_AT_ONCE // (width * SAMPLES**2))
    for top in range(0, height, band):
        x, y = np.meshgrid(across, along[top * SAMPLES : (top + band) * SAMPLES])
        rays = _turned(_unit(forward + right * x.ravel() + upward * y.ravel()), -turn)
        display = _developed(_trace(camera, rays, studio))
        pixels = display.reshape(3, -1, SAMPLES, width, SAMPLES).mean(axis=(2, 4))
        picture[top : top + band] = np.moveaxis(pixels * 255 + 0.5, 0, -1).astype(np.uint8)
    return picture
