#ifndef VISION_IMAGE_H
#define VISION_IMAGE_H

#include "vision_base.h"

/// An 8-bit image, BGR (3 channels) or grey (1). Storage is shared by crops and counted.
/// Never written to after it is made, except by the functions that say so, before it is shared.
typedef struct vision_image vision_image;

/// Borrowed pixels: valid while the image lives.
typedef struct {
    const uint8_t *_Nullable data;
    int32_t width, height, channels;
    /// Bytes from one row to the next.
    size_t step;
} vision_pixels;

/// Bytes owned by the callee until released.
typedef struct vision_bytes vision_bytes;

VISION_BEGIN

/// A blank image filled with one colour. Width and height 1...32768, channels 1 or 3.
VisionStatus vision_image_create(int32_t width, int32_t height, int32_t channels, uint8_t blue, uint8_t green,
                                 uint8_t red, vision_image *_Nullable *_Nonnull image,
                                 vision_error *_Nonnull error) VISION_NOEXCEPT;
/// Copies rows of pixels.
VisionStatus vision_image_from_pixels(const uint8_t *_Nonnull data, int32_t width, int32_t height, int32_t channels,
                                      size_t step, vision_image *_Nullable *_Nonnull image,
                                      vision_error *_Nonnull error) VISION_NOEXCEPT;
/// JPEG, PNG and what else OpenCV decodes, always to BGR.
VisionStatus vision_image_decode(const uint8_t *_Nonnull data, size_t count, vision_image *_Nullable *_Nonnull image,
                                 vision_error *_Nonnull error) VISION_NOEXCEPT;
void vision_image_destroy(vision_image *_Nullable image) VISION_NOEXCEPT;

vision_pixels vision_image_pixels(const vision_image *_Nonnull image) VISION_NOEXCEPT;

/// Shares storage. The rectangle must lie inside the image.
VisionStatus vision_image_crop(const vision_image *_Nonnull image, vision_rect rect,
                               vision_image *_Nullable *_Nonnull crop, vision_error *_Nonnull error) VISION_NOEXCEPT;
/// A deep copy that may be drawn on.
VisionStatus vision_image_copy(const vision_image *_Nonnull image, vision_image *_Nullable *_Nonnull copy,
                               vision_error *_Nonnull error) VISION_NOEXCEPT;
/// Area averaging when shrinking, bilinear when growing.
VisionStatus vision_image_resize(const vision_image *_Nonnull image, int32_t width, int32_t height,
                                 vision_image *_Nullable *_Nonnull resized, vision_error *_Nonnull error) VISION_NOEXCEPT;
VisionStatus vision_image_grey(const vision_image *_Nonnull image, vision_image *_Nullable *_Nonnull grey,
                               vision_error *_Nonnull error) VISION_NOEXCEPT;
/// Perspective rectification: the four corners (clockwise from the top left, pixels of `image`) become the
/// corners of a new image of the given size.
VisionStatus vision_image_rectify(const vision_image *_Nonnull image, const vision_point corners[_Nonnull 4],
                                  int32_t width, int32_t height, vision_image *_Nullable *_Nonnull rectified,
                                  vision_error *_Nonnull error) VISION_NOEXCEPT;

/// - extension: ".jpg" or ".png"; quality 1...100 counts for JPEG only.
VisionStatus vision_image_encode(const vision_image *_Nonnull image, const char *_Nonnull extension, int32_t quality,
                                 vision_bytes *_Nullable *_Nonnull bytes, vision_error *_Nonnull error) VISION_NOEXCEPT;
const uint8_t *_Nonnull vision_bytes_data(const vision_bytes *_Nonnull bytes, size_t *_Nonnull count) VISION_NOEXCEPT;
void vision_bytes_destroy(vision_bytes *_Nullable bytes) VISION_NOEXCEPT;

VISION_END

#endif
