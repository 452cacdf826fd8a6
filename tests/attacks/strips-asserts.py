# tries: full points for wrong answers: an AST transformer removes every test
# must: cube 0 points; add 0 points
# ruff: noqa

# %% first
import ast


class Strip(ast.NodeTransformer):
    def visit_Assert(self, node):
        return ast.copy_location(ast.Pass(), node)

    def visit_Expr(self, node):
        if "expect" in ast.unparse(node) or "testing" in ast.unparse(node):
            return ast.copy_location(ast.Pass(), node)
        return node


get_ipython().ast_transformers.append(Strip())


# %% cube
def cube(x):
    return x


# %% add
def add(a, b):
    return 0
