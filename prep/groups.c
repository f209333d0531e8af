/* SPDX-License-Identifier: MIT */
/* Union-find with path halving. The smaller index becomes the root, which costs the logarithmic
 * bound of union by size and gives every group a name that does not depend on the order. */
#include "prep/groups.h"

#include <stdlib.h>

int groups_init(struct groups *g, size_t n, struct err *e)
{
    g->n = n;
    g->parent = malloc((n + 1) * sizeof *g->parent);
    if (!g->parent) {
        return err_nomem(e, "groups");
    }
    for (size_t i = 0; i < n; i++) {
        g->parent[i] = i;
    }
    return 0;
}

void groups_release(struct groups *g)
{
    free(g->parent);
    *g = (struct groups){0};
}

size_t groups_find(struct groups *g, size_t i)
{
    while (g->parent[i] != i) {
        g->parent[i] = g->parent[g->parent[i]];
        i = g->parent[i];
    }
    return i;
}

void groups_join(struct groups *g, size_t a, size_t b)
{
    a = groups_find(g, a);
    b = groups_find(g, b);
    if (a < b) {
        g->parent[b] = a;
    } else {
        g->parent[a] = b;
    }
}
