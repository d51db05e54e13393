#ifndef VISION_RENDER_H
#define VISION_RENDER_H

#include "vision_base.h"
#include "vision_image.h"

/// A typeface opened by FreeType.
typedef struct vision_font vision_font;

/// Signed Gaussian noise, made once and laid over many frames at differing offsets.
typedef struct vision_noise vision_noise;

/// A video file being written.
typedef struct vision_clip vision_clip;

/// One colour, 0...255 each.
typedef struct {
    float blue, green, red;
} vision_colour;

/// How a shape is filled: a linear gradient between two points of the image.
typedef struct {
    vision_colour from, to;
    vision_point start, end;
    /// 0...1.
    float opacity;
    /// Standard deviation in pixels by which the edge is blurred; 0 for a sharp, anti-aliased edge.
    float softness;
} vision_paint;

/// A vertex after projection: pixels, the inverse of its depth (larger is nearer), and its lit colour.
typedef struct {
    float x, y, inverse_depth;
    vision_colour colour;
} vision_vertex;

/// A picture laid on the mesh, seen in perspective: its corners clockwise from the top left.
typedef struct {
    const vision_image *_Nullable image;
    vision_point corners[4];
} vision_decal;

VISION_BEGIN

/// The drawing functions below write into an image that nothing shares yet. All need 3 channels.

VisionStatus vision_font_open(const char *_Nonnull path, vision_font *_Nullable *_Nonnull font,
                              vision_error *_Nonnull error) VISION_NOEXCEPT;
void vision_font_destroy(vision_font *_Nullable font) VISION_NOEXCEPT;
/// Width in pixels of a line of text whose capitals are `cap_height` pixels high.
VisionStatus vision_font_measure(vision_font *_Nonnull font, const char *_Nonnull text, double cap_height,
                                 double spacing, double *_Nonnull width, vision_error *_Nonnull error) VISION_NOEXCEPT;
/// Draws text, its first glyph's left edge and its baseline at `origin`.
/// - spacing: pixels added after each glyph.
VisionStatus vision_draw_text(vision_image *_Nonnull image, vision_font *_Nonnull font, const char *_Nonnull text,
                              vision_point origin, double cap_height, double spacing, vision_colour colour,
                              vision_error *_Nonnull error) VISION_NOEXCEPT;

VisionStatus vision_draw_polygon(vision_image *_Nonnull image, const vision_point *_Nonnull points, size_t count,
                                 vision_paint paint, vision_error *_Nonnull error) VISION_NOEXCEPT;
/// Adds light that falls off from a centre to nothing at `radius` pixels.
VisionStatus vision_draw_glow(vision_image *_Nonnull image, vision_point centre, double radius, vision_colour colour,
                              vision_error *_Nonnull error) VISION_NOEXCEPT;
/// Draws triangles (three vertex numbers each) behind one another by depth, the decal over them, all of it
/// blurred along `motion` (pixels), and composites the result over the image.
VisionStatus vision_draw_mesh(vision_image *_Nonnull image, const vision_vertex *_Nonnull vertices,
                              size_t vertex_count, const int32_t *_Nonnull triangles, size_t triangle_count,
                              vision_decal decal, vision_point motion, vision_error *_Nonnull error) VISION_NOEXCEPT;

/// - sigma: standard deviation in grey levels, 0...40. The same seed gives the same noise.
VisionStatus vision_noise_create(int32_t width, int32_t height, double sigma, uint64_t seed,
                                 vision_noise *_Nullable *_Nonnull noise, vision_error *_Nonnull error) VISION_NOEXCEPT;
void vision_noise_destroy(vision_noise *_Nullable noise) VISION_NOEXCEPT;
/// Adds the noise, shifted by `x`, `y` in 0...63 pixels. The image's size must be the noise's.
VisionStatus vision_draw_noise(vision_image *_Nonnull image, const vision_noise *_Nonnull noise, int32_t x, int32_t y,
                               vision_error *_Nonnull error) VISION_NOEXCEPT;
/// A window of the image at a fractional position, as a shaking camera sees a still scene.
VisionStatus vision_image_window(const vision_image *_Nonnull image, double left, double top, int32_t width,
                                 int32_t height, vision_image *_Nullable *_Nonnull window,
                                 vision_error *_Nonnull error) VISION_NOEXCEPT;

/// Starts a video file in MPEG-4 Part 2: at the same size of file it is written eight times faster than H.264,
/// and every build of FFmpeg has it.
VisionStatus vision_clip_create(const char *_Nonnull path, double frames_per_second, int32_t width, int32_t height,
                                vision_clip *_Nullable *_Nonnull clip, vision_error *_Nonnull error) VISION_NOEXCEPT;
VisionStatus vision_clip_append(vision_clip *_Nonnull clip, const vision_image *_Nonnull image,
                                vision_error *_Nonnull error) VISION_NOEXCEPT;
/// Writes what is pending and closes the file. Without it the file has no index and can't be read.
void vision_clip_finish(vision_clip *_Nonnull clip) VISION_NOEXCEPT;
void vision_clip_destroy(vision_clip *_Nullable clip) VISION_NOEXCEPT;

VISION_END

#endif
