#ifndef VISION_BASE_H
#define VISION_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
#define VISION_NOEXCEPT noexcept
#define VISION_BEGIN extern "C" {
#define VISION_END }
#else
#define VISION_NOEXCEPT
#define VISION_BEGIN
#define VISION_END
#endif

/// Closed: Swift imports an enum and checks that a switch is complete.
typedef enum __attribute__((enum_extensibility(closed))) : int32_t {
    VisionStatusOk,
    /// A file is missing, unreadable or not what it should be.
    VisionStatusUnreadable,
    /// Bytes that are no image, an empty image, or a rectangle outside one.
    VisionStatusBadImage,
    /// A model or library was refused: the message says why.
    VisionStatusBadModel,
    /// An argument that no caller should have passed.
    VisionStatusBadArgument,
    /// Out of memory, or an exception that nothing above explains.
    VisionStatusInternal,
} VisionStatus;

/// What went wrong, for people. Filled only when the status is not ok; always ends in NUL.
typedef struct {
    char message[504];
} vision_error;

typedef struct {
    double x, y;
} vision_point;

/// Pixels, from the top left.
typedef struct {
    int32_t x, y, width, height;
} vision_rect;

VISION_BEGIN

/// Threads that OpenCV may use inside one call; 1 in every Gantry process, whose parallelism is workers.
void vision_set_threads(int32_t threads) VISION_NOEXCEPT;

/// For example 40600 for 4.6.0.
int32_t vision_opencv_version(void) VISION_NOEXCEPT;

/// Raises a cv::Exception inside, to show that it is caught.
VisionStatus vision_provoke_exception(vision_error *_Nonnull error) VISION_NOEXCEPT;

VISION_END

#endif
