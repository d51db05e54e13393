#ifndef VISION_LINE_H
#define VISION_LINE_H

#include "vision_image.h"

VISION_BEGIN

/// Variance of the Laplacian over a grey image (3x3 kernel, 8-bit values): how much fine detail it shows.
VisionStatus vision_line_sharpness(const vision_image *_Nonnull grey, double *_Nonnull sharpness,
                                   vision_error *_Nonnull error) VISION_NOEXCEPT;

VISION_END

#endif
