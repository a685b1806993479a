"""The equations of a refinement, added to its normal matrix as products of blocks.

The stock engines of DIALS add the equations of the observations to the normal matrix a row at a time. With
residuals r, weights w and Jacobian J, all that they add is

    N += J^T W J,   b -= J^T W r,   W = diag(w)

(scitbx/lstbx/normal_equations.h, `non_linear_ls.add_equations`), so one product of A = sqrt(W) J with itself
gives the same N to rounding. A reflection's row of J is zero for every crystal but its own and, in metrology,
for every panel but its own: A is kept as a sparse matrix, and only where it is rather full the product is a
dense one.
"""

import numpy as np
from scipy.sparse import csc_matrix
from scitbx.array_family import flex
from scitbx.lstbx import normal_eqns

# A product of sparse matrices takes about ten times as long for each pair of values as a dense one.
LARGEST_SPARSE_DENSITY = 0.25
COLUMNS_AT_ONCE = 32  # are looked through for what is not zero
ROWS_PER_PRODUCT = 4096  # of a dense product: 16 MB for 500 parameters
# Rounding in a trial of ten equations leaves 1e-15.
TRIAL_TOLERANCE = 1e-12


class Columns:
    """A Jacobian of m residuals and n parameters, kept as the values that are not zero, column by column."""

    def __init__(self, rows, columns):
        """Take the columns, each as arrays that go below each other and have m values together."""
        values, indices, counts = [], [], []
        for start in range(0, len(columns), COLUMNS_AT_ONCE):
            some = columns[start : start + COLUMNS_AT_ONCE]
            dense = np.empty((len(some), rows))
            for number, parts in enumerate(some):
                np.concatenate(list(parts), out=dense[number])
            flat = dense.ravel()
            places = np.flatnonzero(flat != 0)
            values.append(flat[places])
            indices.append(places % rows)
            counts.append(np.bincount(places // rows, minlength=len(some)))
        ends = np.concatenate([[0], np.cumsum(np.concatenate(counts))])
        self.matrix = csc_matrix(
            (np.concatenate(values), np.concatenate(indices), ends), shape=(rows, len(columns))
        )


def as_array(column):
    """Return a flex.double or a sparse vector of scitbx as an array."""
    dense = column if isinstance(column, flex.double) else column.as_dense_vector()
    return dense.as_numpy_array()


def columns_of_gradients(grads_each_dim, nelem=None, nparam=None):
    """Do what a target's `_build_jacobian` does: x, y and phi of all reflections below each other."""
    return Columns(nelem, [map(as_array, grads) for grads in zip(*grads_each_dim, strict=True)])


def columns_of_jacobian(jacobian):
    """Return the columns of a Jacobian that DIALS built."""
    if isinstance(jacobian, Columns):
        return jacobian
    if isinstance(jacobian, flex.double):
        rows, _ = jacobian.all()
        return Columns(rows, [[column] for column in jacobian.as_numpy_array().T])
    return Columns(jacobian.n_rows, [[as_array(column)] for column in jacobian.cols()])


def squared(weighted):
    """Return the product of a sparse matrix's transpose with itself, shape (n, n)."""
    rows, columns = weighted.shape
    if weighted.nnz <= LARGEST_SPARSE_DENSITY * rows * columns:
        return (weighted.T @ weighted).toarray()
    by_row = weighted.tocsr()
    product = np.zeros((columns, columns))
    for start in range(0, rows, ROWS_PER_PRODUCT):
        chunk = by_row[start : start + ROWS_PER_PRODUCT].toarray()
        product += chunk.T @ chunk
    return product


def add_products(equations, residuals, jacobian, weights):
    """Add weighted equations to the normal matrix and the right-hand side as products.

    Parameters
    ----------
    equations
        An lstbx non_linear_ls of n parameters.
    residuals, weights
        flex.double of m values.
    jacobian
        m x n values: flex.double, sparse.matrix or Columns.
    """
    # The objective and the number of equations, without touching the matrix.
    equations.add_residuals(residuals, weights)
    root_weights = np.sqrt(weights.as_numpy_array())
    weighted = columns_of_jacobian(jacobian).matrix
    weighted.data *= root_weights[weighted.indices]
    side = weighted.T @ (root_weights * residuals.as_numpy_array())
    matrix = squared(weighted)
    step_equations = equations.step_equations()
    # Both are views of what the C++ object holds; the matrix is packed, its upper triangle row by row.
    packed = step_equations.normal_matrix_packed_u()
    packed += flex.double(matrix[np.triu_indices(len(matrix))])
    right_hand_side = step_equations.right_hand_side()
    right_hand_side -= flex.double(side)


def try_products():
    """Raise where products of blocks do not give what the installed lstbx gives."""
    chance = np.random.default_rng(1)
    jacobian = flex.double(chance.normal(size=(10, 3)))
    residuals, weights = flex.double(chance.normal(size=10)), flex.double(chance.uniform(size=10))
    stock, blocked = (normal_eqns.non_linear_ls(n_parameters=3) for _ in range(2))
    for _ in range(2):  # the second time the equations are added to others
        stock.add_equations(residuals, jacobian, weights)
        add_products(blocked, residuals, jacobian, weights)
    for wanted, found in zip(parts(stock), parts(blocked), strict=True):
        if not np.allclose(found, wanted, rtol=TRIAL_TOLERANCE, atol=TRIAL_TOLERANCE):
            raise ValueError("a trial gave another normal matrix than scitbx's")


def parts(equations):
    """Return normal matrix, right-hand side, objective and number of equations."""
    step = equations.step_equations()
    return (
        list(step.normal_matrix_packed_u()),
        list(step.right_hand_side()),
        [equations.objective(), equations.n_equations],
    )
