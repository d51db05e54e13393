#ifndef VISION_INFERENCE_H
#define VISION_INFERENCE_H

#include "vision_image.h"

/// A loaded network of one input (1 x channels x height x width, float32) and one fixed size, with its reused
/// buffers. One thread at a time.
typedef struct vision_network vision_network;

/// An image and its halvings, made when first needed and kept for the next network. One thread at a time.
typedef struct vision_pyramid vision_pyramid;

/// A network's output, borrowed until the next run or the network's end.
typedef struct {
    const float *_Nonnull values;
    size_t count;
    int32_t rank;
    int32_t dimensions[6];
} vision_tensor;

/// How the part of a frame is put into a network's input.
typedef enum __attribute__((enum_extensibility(closed))) : int32_t {
    /// Both sides scaled on their own.
    VisionFitStretch,
    /// One scale for both sides, picture at the top left, the rest filled.
    VisionFitCorner,
    /// One scale for both sides, picture in the middle, the rest filled.
    VisionFitCentre,
} VisionFit;

typedef struct {
    VisionFit fit;
    /// Red first; otherwise blue first. Ignored by one-channel networks.
    bool rgb;
    /// Input value = (pixel - mean) * scale, channel by channel in the network's order.
    float mean[3], scale[3];
    /// The pixel value (0...255) around a letterboxed picture.
    float pad;
} vision_preparation;

/// Where the region landed: network x = (frame x - left) * scale_x + offset_x, and likewise y.
typedef struct {
    double left, top, scale_x, scale_y, offset_x, offset_y;
} vision_mapping;

VISION_BEGIN

/// The build number of an OpenVINO C library, opened if it is not yet. `version` always ends in NUL.
VisionStatus vision_openvino_version(const char *_Nonnull library, char *_Nonnull version, size_t capacity,
                                     vision_error *_Nonnull error) VISION_NOEXCEPT;

/// Loads a network on the CPU in 32-bit precision, one stream.
///
/// - library: libopenvino_c.so by path; opened once in a process and never closed, because its threads outlive
///   every handle.
/// - outputs: names, in the order in which `vision_network_output` is to give them; none takes the model's own.
/// - side: input width and height in pixels; a model of another or of dynamic size is reshaped.
VisionStatus vision_network_open_openvino(const char *_Nonnull library, const char *_Nonnull model, int32_t channels,
                                          int32_t width, int32_t height, int32_t threads,
                                          const char *_Nonnull const *_Nullable outputs, int32_t output_count,
                                          vision_network *_Nullable *_Nonnull network,
                                          vision_error *_Nonnull error) VISION_NOEXCEPT;

/// Loads a network with OpenCV's dnn; `configuration` is Darknet's cfg file, null for formats of one file.
///
/// OpenCV 4.6 gives wrong output once a net has seen a second input size, so a network keeps the size it has.
VisionStatus vision_network_open_opencv(const char *_Nonnull model, const char *_Nullable configuration,
                                        int32_t channels, int32_t width, int32_t height,
                                        const char *_Nonnull const *_Nullable outputs, int32_t output_count,
                                        vision_network *_Nullable *_Nonnull network,
                                        vision_error *_Nonnull error) VISION_NOEXCEPT;

void vision_network_destroy(vision_network *_Nullable network) VISION_NOEXCEPT;

/// The input's values, planar, to be filled before a run. Valid while the network lives.
float *_Nonnull vision_network_input(vision_network *_Nonnull network, size_t *_Nonnull count) VISION_NOEXCEPT;

/// Fills the input from a part of the pyramid's image.
VisionStatus vision_network_prepare(vision_network *_Nonnull network, vision_pyramid *_Nonnull pyramid,
                                    vision_rect region, const vision_preparation *_Nonnull preparation,
                                    vision_mapping *_Nonnull mapping, vision_error *_Nonnull error) VISION_NOEXCEPT;

VisionStatus vision_network_run(vision_network *_Nonnull network, vision_error *_Nonnull error) VISION_NOEXCEPT;

int32_t vision_network_output_count(const vision_network *_Nonnull network) VISION_NOEXCEPT;

/// - index: 0 to the count - 1. Nothing is valid before the first run.
vision_tensor vision_network_output(const vision_network *_Nonnull network, int32_t index) VISION_NOEXCEPT;

VisionStatus vision_pyramid_create(vision_pyramid *_Nullable *_Nonnull pyramid,
                                   vision_error *_Nonnull error) VISION_NOEXCEPT;
void vision_pyramid_destroy(vision_pyramid *_Nullable pyramid) VISION_NOEXCEPT;
/// Takes another image (BGR or grey), sharing its pixels; the buffers of the halvings are used again.
VisionStatus vision_pyramid_set(vision_pyramid *_Nonnull pyramid, const vision_image *_Nonnull image,
                                vision_error *_Nonnull error) VISION_NOEXCEPT;

/// What must not be recognised, in pixels of the whole image.
typedef struct {
    vision_rect rect;
    /// Averages that are left across the shorter side of `rect`, at most; positive.
    int32_t cells;
} vision_hidden;

/// A deep copy of a part of an image in which everything hidden is reduced to a few averages and blurred, so that
/// nothing can bring it back. What is left depends on the averages alone, and they on the hidden rectangle alone,
/// not on the part. The original is not touched.
///
/// - hidden: In the order in which they are hidden; those that lie outside `part` are ignored.
VisionStatus vision_image_redacted(const vision_image *_Nonnull image, vision_rect part,
                                   const vision_hidden *_Nullable hidden, int32_t hidden_count,
                                   vision_image *_Nullable *_Nonnull redacted,
                                   vision_error *_Nonnull error) VISION_NOEXCEPT;

VISION_END

#endif
