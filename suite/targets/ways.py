"""Ways: how a library computes a value beside the plain call, and how it differentiates."""

from dataclasses import dataclass

EAGERLY = "eager"  # the plain call, which every library has


@dataclass(frozen=True)
class Way:
    """How a library computes or differentiates; the name is that of a route in reports.

    ``order``: up to which derivative; 0: it computes the value, otherwise than the plain call does. ``forward``: it
    pushes tangents, of order 2 through the gradient; the others pull cotangents back, and one of order 2 gives the
    gradient too, recorded so that it is differentiated again. ``batched``: it is given all rows at once, and the
    function sees one. ``least``: entries of a call below which it does as the plain call does. ``dear``: it takes a
    second or more before its first result.
    """

    name: str
    order: int = 1
    forward: bool = False
    batched: bool = False
    least: int = 0
    dear: bool = False

    @property
    def pulls(self) -> bool:
        """Whether it gives the gradient that a cotangent seeds."""
        return self.order > 0 and not self.forward

    def gives(self, cotangent: object, tangent: object) -> bool:
        """Whether it does what these ask for: to pull back, to push forward, or both."""
        if cotangent is not None and tangent is not None:
            return self.order == 2
        return self.pulls if cotangent is not None else self.forward and self.order == 1
