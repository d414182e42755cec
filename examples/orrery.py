"""A scene for Blender: a brass orrery on a walnut table at night, whose planets go round a lamp.

The camera goes around it, too. All that moves follows the frame by itself, so that any frame can be rendered alone.
Tried with Blender 3.4, 4.5 and 5.0.
"""

# Blender's modules exist in Blender only, and have no types.
# mypy: disable-error-code="import-not-found"

from __future__ import annotations

import math
import random
from typing import Any, NamedTuple

import bpy
import mathutils

Vector = tuple[float, float, float]


class Material(NamedTuple):
    """What a thing is made of: two colours, in blotches that may be drawn out to stripes."""

    colour: Vector
    second: Vector
    metal: float = 0.0
    roughness: float = 0.5
    blotches: Vector = (4.0, 4.0, 4.0)
    """How many there are in a metre, along each axis."""


class Planet(NamedTuple):
    """A ball on an arm that turns around the lamp; lengths in metres, angles in degrees."""

    name: str
    size: float
    distance: float
    height: float
    start: float
    per_frame: float
    material: Material


BRASS = Material((0.80, 0.49, 0.17), (0.62, 0.35, 0.10), metal=1.0, roughness=0.24, blotches=(9, 9, 9))
WALNUT = Material((0.120, 0.046, 0.018), (0.036, 0.013, 0.006), roughness=0.30, blotches=(0.5, 9, 1))
PLANETS = (
    Planet("Mercury", 0.15, 0.72, 1.46, 205, 9.0, Material((0.30, 0.25, 0.21), (0.11, 0.09, 0.08), blotches=(7, 7, 7))),
    Planet("Venus", 0.23, 1.12, 1.30, 318, 6.5, Material((0.85, 0.62, 0.30), (0.63, 0.36, 0.13), blotches=(3, 3, 8))),
    Planet("Earth", 0.27, 1.62, 1.14, 62, 4.5, Material((0.02, 0.11, 0.36), (0.16, 0.30, 0.09), roughness=0.3)),
    Planet("Mars", 0.20, 2.06, 0.98, 170, 3.2, Material((0.56, 0.15, 0.05), (0.26, 0.06, 0.03), blotches=(5, 5, 5))),
    Planet(
        "Saturn", 0.38, 2.72, 0.80, 255, 2.0, Material((0.86, 0.60, 0.30), (0.50, 0.29, 0.12), blotches=(0.8, 0.8, 9))
    ),
)
LAMP_HEIGHT = 1.62


def build(*, size: tuple[int, int], samples: int) -> None:
    """Replaces whatever is open in Blender by the scene."""
    bpy.ops.wm.read_homefile(use_factory_startup=True, use_empty=True)
    shot = bpy.context.scene
    _set_up_rendering(shot, size=size, samples=samples)
    _build_sky(shot)
    _build_room(shot)
    _build_orrery()


def _set_up_rendering(shot: Any, *, size: tuple[int, int], samples: int) -> None:
    """Cycles on the processor, and nothing in it that differs from run to run."""
    shot.render.engine = "CYCLES"
    shot.render.resolution_x, shot.render.resolution_y = size
    shot.render.resolution_percentage = 100
    shot.render.image_settings.file_format = "PNG"
    shot.render.image_settings.color_mode = "RGB"
    shot.cycles.device = "CPU"
    shot.cycles.samples, shot.cycles.seed = samples, 0
    shot.cycles.use_adaptive_sampling = shot.cycles.use_denoising = False
    shot.cycles.sample_clamp_indirect = 2.0
    shot.cycles.caustics_reflective = shot.cycles.caustics_refractive = False
    shot.cycles.max_bounces, shot.cycles.light_sampling_threshold = 3, 0.1
    shot.view_settings.view_transform = "Filmic"
    shot.view_settings.look = "Medium High Contrast"


def _build_room(shot: Any) -> None:
    """A table, two soft lights, and a camera that goes around the lamp, and comes nearer for a while."""
    bpy.ops.mesh.primitive_cylinder_add(vertices=160, radius=3.9, depth=0.24, location=(0, 0, -0.12))
    _finish("Table", _material("Walnut", WALNUT), bevel=0.06)

    _add_light("Window", (-4.5, -6.0, 5.0), size=4.0, watts=330, colour=(0.70, 0.82, 1.0))
    _add_light("Fire", (6.5, 3.0, 3.0), size=3.0, watts=190, colour=(1.0, 0.46, 0.18))

    bpy.ops.object.empty_add(location=(0, 0, 0.88))
    middle = bpy.context.object
    middle.name = "Middle"
    _animate(middle, "rotation_euler", 2, "radians(0.9 * frame - 16)")
    bpy.ops.object.camera_add(location=(0, -9.6, 2.15))
    camera = shot.camera = bpy.context.object
    camera.data.lens = 50
    camera.parent = middle
    _animate(camera, "location", 1, "1.1 * sin(0.04 * frame) - 9.5")
    aim = camera.constraints.new("TRACK_TO")
    aim.target, aim.track_axis, aim.up_axis = middle, "TRACK_NEGATIVE_Z", "UP_Y"


def _build_orrery() -> None:
    """The stand, the lamp, and the planets on their arms."""
    brass = _material("Brass", BRASS)
    for radius, bottom, depth in ((0.62, 0.0, 0.07), (0.50, 0.07, 0.05), (0.17, 0.12, 0.10), (0.045, 0.1, 1.4)):
        bpy.ops.mesh.primitive_cylinder_add(
            vertices=96, radius=radius, depth=depth, location=(0, 0, bottom + depth / 2)
        )
        _finish("Stand", brass, bevel=0.015)
    bpy.ops.mesh.primitive_torus_add(
        major_radius=3.3, minor_radius=0.035, major_segments=192, minor_segments=16, location=(0, 0, 0.035)
    )
    _finish("Ring", brass)
    for hour in range(24):
        angle = math.radians(15 * hour)
        length = 0.30 if hour % 6 == 0 else 0.16
        reach = 3.2 - length / 2
        bpy.ops.mesh.primitive_cube_add(
            size=1, location=(reach * math.cos(angle), reach * math.sin(angle), 0.006), rotation=(0, 0, angle)
        )
        bpy.context.object.scale = (length, 0.022, 0.012)
        _finish("Mark", brass)

    bpy.ops.mesh.primitive_uv_sphere_add(segments=64, ring_count=32, radius=0.27, location=(0, 0, LAMP_HEIGHT))
    lamp = _finish("Lamp", _glow("Lamp", 2.6, (1.0, 0.86, 0.55), (1.0, 0.42, 0.10)))
    lamp.visible_shadow = lamp.visible_diffuse = False  # The light is inside.
    bpy.ops.object.light_add(type="POINT", location=(0, 0, LAMP_HEIGHT))
    light = bpy.context.object.data
    light.energy, light.color, light.shadow_soft_size = 210, (1.0, 0.72, 0.42), 0.26

    for planet in PLANETS:
        _build_planet(planet, brass)


def _build_planet(planet: Planet, brass: Any) -> None:
    """A planet on its arm, which turns with the frames."""
    bpy.ops.object.empty_add()
    pivot = bpy.context.object
    pivot.name = f"{planet.name} arm"
    _animate(pivot, "rotation_euler", 2, f"radians({planet.start} + {planet.per_frame} * frame)")

    low = planet.height - 0.62
    bpy.ops.mesh.primitive_cylinder_add(
        vertices=24,
        radius=0.020,
        depth=planet.distance,
        location=(planet.distance / 2, 0, low),
        rotation=(0, math.pi / 2, 0),
    )
    parts = [_finish("Arm", brass)]
    bpy.ops.mesh.primitive_cylinder_add(vertices=64, radius=0.085, depth=0.10, location=(0, 0, low))
    parts.append(_finish("Collar", brass, bevel=0.012))
    bpy.ops.mesh.primitive_cylinder_add(
        vertices=24, radius=0.014, depth=planet.height - low, location=(planet.distance, 0, (planet.height + low) / 2)
    )
    parts.append(_finish("Rod", brass))
    bpy.ops.mesh.primitive_uv_sphere_add(segments=24, ring_count=12, radius=0.035, location=(planet.distance, 0, low))
    parts.append(_finish("Joint", brass))
    bpy.ops.mesh.primitive_uv_sphere_add(
        segments=64, ring_count=32, radius=planet.size, location=(planet.distance, 0, planet.height)
    )
    ball = _finish(planet.name, _material(planet.name, planet.material))
    parts.append(ball)
    if planet.name == "Saturn":
        bpy.ops.mesh.primitive_torus_add(
            major_radius=planet.size * 1.75,
            minor_radius=planet.size * 0.36,
            major_segments=128,
            minor_segments=16,
            location=ball.location,
            rotation=(math.radians(20), math.radians(12), 0),
        )
        bpy.context.object.scale = (1, 1, 0.03)
        parts.append(_finish("Rings", brass))
    for part in parts:
        part.parent = pivot


def _finish(name: str, material: Any, *, bevel: float = 0.0) -> Any:
    """The object that was just added, smooth, with its name and material."""
    thing = bpy.context.object
    thing.name = name
    thing.data.materials.append(material)
    if bevel:
        edges = thing.modifiers.new("Bevel", "BEVEL")
        edges.width, edges.segments, edges.limit_method = bevel, 3, "ANGLE"
    else:
        thing.data.polygons.foreach_set("use_smooth", [name != "Mark"] * len(thing.data.polygons))
    return thing


def _animate(thing: Any, property_path: str, index: int, expression: str) -> None:
    """Makes a property follow the frame, by an expression so simple that Blender needs no Python for it."""
    driver = thing.driver_add(property_path, index).driver
    driver.expression = expression


def _add_light(name: str, location: Vector, *, size: float, watts: float, colour: Vector) -> None:
    """A square light that looks at the lamp."""
    bpy.ops.object.light_add(type="AREA", location=location)
    light = bpy.context.object
    light.name = name
    light.data.energy, light.data.size, light.data.color = watts, size, colour
    light.rotation_euler = (mathutils.Vector((0, 0, 1)) - light.location).to_track_quat("-Z", "Y").to_euler()


def _material(name: str, look: Material) -> Any:
    """A material with its two colours."""
    material = bpy.data.materials.new(name)
    material.use_nodes = True
    nodes, links = material.node_tree.nodes, material.node_tree.links
    surface = next(node for node in nodes if node.type == "BSDF_PRINCIPLED")
    surface.inputs["Metallic"].default_value = look.metal
    surface.inputs["Roughness"].default_value = look.roughness
    place = nodes.new("ShaderNodeTexCoord")
    drawn_out = nodes.new("ShaderNodeMapping")
    drawn_out.inputs["Scale"].default_value = look.blotches
    pattern = nodes.new("ShaderNodeTexNoise")
    pattern.inputs["Scale"].default_value, pattern.inputs["Detail"].default_value = 1.0, 2.0
    ramp = _ramp(nodes, (0.40, look.colour), (0.62, look.second))
    links.new(place.outputs["Object"], drawn_out.inputs["Vector"])
    links.new(drawn_out.outputs[0], pattern.inputs["Vector"])
    links.new(pattern.outputs[0], ramp.inputs[0])
    links.new(ramp.outputs[0], surface.inputs["Base Color"])
    return material


def _glow(name: str, strength: float, middle: Vector, edge: Vector) -> Any:
    """A material that shines in two colours, and is seen rather than lights anything."""
    material = bpy.data.materials.new(name)
    material.use_nodes = True
    nodes, links = material.node_tree.nodes, material.node_tree.links
    shine = nodes.new("ShaderNodeEmission")
    shine.inputs["Strength"].default_value = strength
    angle = nodes.new("ShaderNodeLayerWeight")
    ramp = _ramp(nodes, (0.0, middle), (0.9, edge))
    links.new(angle.outputs["Facing"], ramp.inputs[0])
    links.new(ramp.outputs[0], shine.inputs[0])
    links.new(shine.outputs[0], next(node for node in nodes if node.type == "OUTPUT_MATERIAL").inputs[0])
    if hasattr(material.cycles, "emission_sampling"):  # Blender 3.5 and newer.
        material.cycles.emission_sampling = "NONE"
    else:
        material.cycles.sample_as_light = False
    return material


def _build_sky(shot: Any) -> None:
    """A night that glows behind the lamp, and stars all around."""
    world = shot.world = bpy.data.worlds.new("Night")
    world.use_nodes = True
    world.cycles.sampling_method = "NONE"  # It lights nothing that counts.
    nodes, links = world.node_tree.nodes, world.node_tree.links
    place = nodes.new("ShaderNodeTexCoord")
    centred = nodes.new("ShaderNodeMapping")
    centred.inputs["Location"].default_value = (-0.75, -0.90, 0)
    centred.inputs["Scale"].default_value = (1.5, 1.4, 0)
    glow = nodes.new("ShaderNodeTexGradient")
    glow.gradient_type = "SPHERICAL"
    ramp = _ramp(nodes, (0.0, (0.0006, 0.0014, 0.005)), (1.0, (0.020, 0.017, 0.024)))
    links.new(place.outputs["Window"], centred.inputs["Vector"])
    links.new(centred.outputs[0], glow.inputs[0])
    links.new(glow.outputs[1], ramp.inputs[0])
    links.new(ramp.outputs[0], nodes["Background"].inputs[0])

    chance = random.Random(1609)  # noqa: S311  (the same stars each time)
    corners: list[Vector] = []
    for _ in range(2500):
        around, size = chance.uniform(0, math.tau), chance.uniform(0.02, 0.07)
        x, y, z = 40 * math.cos(around), 40 * math.sin(around), chance.uniform(-4, 26)
        aside, along = size * math.sin(around), size * math.cos(around)
        corners += [(x, y, z - size), (x - aside, y + along, z), (x, y, z + size), (x + aside, y - along, z)]
    mesh = bpy.data.meshes.new("Stars")
    mesh.from_pydata(corners, [], [range(first, first + 4) for first in range(0, len(corners), 4)])
    mesh.materials.append(_glow("Stars", 1.2, (1.0, 0.94, 0.84), (1.0, 0.94, 0.84)))
    shot.collection.objects.link(bpy.data.objects.new("Stars", mesh))


def _ramp(nodes: Any, *stops: tuple[float, Vector]) -> Any:
    """A node that turns a number into a colour between two."""
    ramp = nodes.new("ShaderNodeValToRGB")
    for element, (position, colour) in zip(ramp.color_ramp.elements, stops):
        element.position, element.color = position, (*colour, 1)
    return ramp
