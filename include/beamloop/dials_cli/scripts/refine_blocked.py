"""dials.refine with a faster normal matrix: same arguments, same outputs, same logs.

Run by the DIALS Python in place of the program: `python refine_blocked.py indexed.expt indexed.refl ...`.

The equations are added as parts/normal_matrix.py says. Everything else is the stock engine's (LevMar,
GaussNewton): the objective and the number of equations (its own `add_residuals`), restraints, constraints,
steps, Cholesky factor, uncertainties.

Where DIALS keeps gradients densely it calculates them for a block of reflections at a time, so memory is
bounded by the block; not where the journal, for correlation plots, wants the Jacobian whole. Before the
first step DIALS counts the reflections of each parameter by its gradients: in blocks, too. Where the
installed DIALS does not offer what is used here, or gives other numbers in a trial, the stock engine does the
work, and the log says why.
"""

import logging
import os
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent / "parts"))
from normal_matrix import add_products, columns_of_gradients, try_products

# What the gradients of one block may take. Each block walks through all parameters, which costs time: 60
# panels and 180 000 reflections (1.6 GB) make 13 blocks.
BLOCK_BYTES = 128 * 1024**2
VALUES_PER_REFLECTION = 3  # x, y and phi
JOURNALS_OF_JACOBIAN = ("parameter_correlation", "condition_number", "jacobian_structure")

logger = logging.getLogger("dials.algorithms.refinement.engine")


def with_products(stock):
    """Return a subclass of a stock engine that adds its equations as products."""

    class BlockedEngine(stock):
        _predicted_with = None

        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            if not any(name in self.history for name in JOURNALS_OF_JACOBIAN):
                self._prepare_target()
            logger.info("Beamloop builds the normal matrix from products of blocks")

        def _prepare_target(self):
            """Have the gradients in blocks, and as they are; other versions may lack these names."""
            target = self._target
            if getattr(target, "_gradient_calculation_blocksize", 0) is None and not is_sparse(target):
                target._gradient_calculation_blocksize = reflections_of_block(len(self.x))  # noqa: SLF001
            if self._constr_manager is None and hasattr(target, "_build_jacobian"):
                target._build_jacobian = columns_of_gradients  # noqa: SLF001

        def prepare_for_step(self):
            """Predict, unless that has been done with these very parameters.

            Each trial step is predicted for its objective alone, and then again for its gradients.
            """
            x = tuple(self.x)
            if x != self._predicted_with:
                super().prepare_for_step()
                self._predicted_with = x

        def add_equations(self, residuals, jacobian, weights):
            add_products(self, residuals, jacobian, weights)

    BlockedEngine.__name__ = stock.__name__
    return BlockedEngine


def reflections_of_block(parameters):
    """Return of how many reflections the dense gradients make one block."""
    return max(BLOCK_BYTES // (8 * VALUES_PER_REFLECTION * parameters), 1)


def with_counts_in_blocks(stock):
    """Return a subclass of DIALS's AutoReduce that counts the reflections of each parameter in blocks."""

    class BlockedAutoReduce(stock):
        def _nref_per_param(self):
            """Count as DIALS does, which asks for the gradients of all reflections at once.

            The gradients of scan-varying models refer to the whole table, so they stay in one.
            """
            parameters = self.pred_param
            if hasattr(parameters, "compose"):
                return super()._nref_per_param()
            whole = parameters.get_gradients

            def in_blocks(reflections, callback):
                step = reflections_of_block(len(parameters))
                starts = range(0, max(len(reflections), 1), step)
                parts = (reflections[start : start + step] for start in starts)
                return np.sum([whole(part, callback=callback) for part in parts], axis=0).tolist()

            parameters.get_gradients = in_blocks
            try:
                return super()._nref_per_param()
            finally:
                del parameters.get_gradients

    return BlockedAutoReduce


def is_sparse(target):
    """Tell whether a target keeps its gradients sparsely already."""
    return any(base.__name__ == "SparseGradientsMixin" for base in type(target).__mro__)


def install():
    """Put the blocked engines in the place of the stock ones; return why not, or nothing."""
    from dials.algorithms.refinement import engine, refiner

    try:
        try_products()
        names = ("LevenbergMarquardtIterations", "GaussNewtonIterations")
        blocked = [with_products(getattr(engine, name)) for name in names]
    except Exception as error:
        return f"{type(error).__name__} {error}"
    for name, replacement in zip(names, blocked, strict=True):
        setattr(engine, name, replacement)
    if hasattr(getattr(refiner, "AutoReduce", None), "_nref_per_param"):  # it saves memory only
        refiner.AutoReduce = with_counts_in_blocks(refiner.AutoReduce)
    return ""


def main():
    """Refine."""
    # How newer versions name the program in the experiments' history.
    os.environ.setdefault("LIBTBX_DISPATCHER_NAME", "dials.refine")
    why_not = install()
    from dials.command_line import refine

    if why_not:
        print(f"Beamloop: the stock refinement engine is used, because the blocked one cannot be: {why_not}")
    refine.run()


if __name__ == "__main__":
    main()
