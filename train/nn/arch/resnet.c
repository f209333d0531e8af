/* SPDX-License-Identifier: MIT */
/*
 * Residual networks: ResNet-18 (He, Zhang, Ren, Sun 2015, "Deep Residual Learning for Image
 * Recognition", table 1) and ResNeXt-50 32x4d (Xie, Girshick, Dollar, Tu, He 2016, "Aggregated
 * Residual Transformations for Deep Neural Networks", table 1). As in torchvision, the stride of a
 * bottleneck is on its 3x3 convolution, and parameters bear torchvision's names.
 *
 * Blocks, for unfreezing: 0 stem, 1..4 layer1..layer4, 5 head.
 */
#include "train/nn/arch/arch.h"

/* A residual unit: planes is the width of its convolutions before expansion. */
typedef int unit_fn(struct builder *b, int x, int planes, int stride);

struct resnet {
    unit_fn *unit;
    int n_units[4];
};

/* A convolution without bias and its batch norm. */
static int conv_bn(struct builder *b, int x, const char *conv, const char *bn, struct conv_spec s)
{
    x = build_conv(b, x, conv, s);
    return build_batch_norm(b, x, bn);
}

/* shortcut - x itself, or its projection where the unit changes the shape. */
static int shortcut(struct builder *b, int x, int K, int stride)
{
    const bool same = b->rc == 0 && b->g->node[x].shape.C == K && stride == 1;
    if (same) {
        return x;
    }
    return conv_bn(b, x, "downsample.0", "downsample.1",
                   (struct conv_spec){.K = K, .R = 1, .stride = stride});
}

/* Two 3x3 convolutions. */
static int basic_unit(struct builder *b, int x, int planes, int stride)
{
    const struct conv_spec first = {.K = planes, .R = 3, .stride = stride, .pad = 1};
    const struct conv_spec second = {.K = planes, .R = 3, .pad = 1};
    int y = conv_bn(b, x, "conv1", "bn1", first);
    y = build_relu(b, y);
    y = conv_bn(b, y, "conv2", "bn2", second);
    y = build_add(b, y, shortcut(b, x, planes, stride));
    return build_relu(b, y);
}

/* 1x1 down, 3x3 in 32 groups of 4 channels per 64 planes, 1x1 up to four times the planes. */
static int resnext_unit(struct builder *b, int x, int planes, int stride)
{
    const int width = planes * 4 / 64 * 32;
    const struct conv_spec down = {.K = width, .R = 1};
    const struct conv_spec grouped = {.K = width, .R = 3, .stride = stride, .pad = 1, .G = 32};
    const struct conv_spec up = {.K = planes * 4, .R = 1};
    int y = conv_bn(b, x, "conv1", "bn1", down);
    y = build_relu(b, y);
    y = conv_bn(b, y, "conv2", "bn2", grouped);
    y = build_relu(b, y);
    y = conv_bn(b, y, "conv3", "bn3", up);
    y = build_add(b, y, shortcut(b, x, planes * 4, stride));
    return build_relu(b, y);
}

static void build_resnet(struct builder *b, const struct resnet *net)
{
    int x = build_input(b);
    x = conv_bn(b, x, "conv1", "bn1", (struct conv_spec){.K = 64, .R = 7, .stride = 2, .pad = 3});
    x = build_relu(b, x);
    x = build_max_pool(b, x, (struct pool_spec){.R = 3, .stride = 2, .pad = 1});
    for (int layer = 0; layer < 4; layer++) {
        build_block(b);
        for (int i = 0; i < net->n_units[layer]; i++) {
            const int stride = layer > 0 && i == 0 ? 2 : 1;
            build_scope(b, "layer%d.%d.", layer + 1, i);
            x = net->unit(b, x, 64 << layer, stride);
        }
    }
    x = build_global_avg_pool(b, x);
    x = build_concat_views(b, x);
    build_block(b);
    build_scope(b, "%s", "");
    (void)build_linear(b, x, "head", b->spec.n_out);
}

void arch_resnet18(struct builder *b)
{
    build_resnet(b, &(struct resnet){.unit = basic_unit, .n_units = {2, 2, 2, 2}});
}

void arch_resnext50_32x4d(struct builder *b)
{
    build_resnet(b, &(struct resnet){.unit = resnext_unit, .n_units = {3, 4, 6, 3}});
}
