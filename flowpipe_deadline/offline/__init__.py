"""The offline farm: Deadline's place taken on one machine, by stand-ins around the real plugin."""
