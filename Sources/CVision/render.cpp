// Drawing for simulated clips: text, shapes, shaded meshes, noise.
#include "internal.hpp"

#include <ft2build.h>
#include FT_FREETYPE_H

#include <opencv2/imgproc.hpp>

#include <algorithm>
#include <cmath>
#include <memory>
#include <utility>
#include <vector>

using vision::guarded;
using vision::require;

struct vision_font {
    FT_Library library = nullptr;
    FT_Face face = nullptr;
    /// Height of a capital in units of the em square's side.
    double capital = 0;
    ~vision_font() {
        if (face) FT_Done_Face(face);
        if (library) FT_Done_FreeType(library);
    }
};

struct vision_noise {
    cv::Mat grain;  // CV_8SC3, 64 pixels larger than a frame each way
};

namespace {
const cv::Vec3f vec(vision_colour c) { return {c.blue, c.green, c.red}; }

void requireCanvas(const vision_image *image) {
    require(image->mat.type() == CV_8UC3, VisionStatusBadArgument, "only 3-channel images are drawn on");
}

/// Sets the size so that capitals are `capHeight` pixels high.
void setSize(vision_font *font, double capHeight) {
    require(capHeight >= 2 && capHeight <= 2000, VisionStatusBadArgument, "capitals are 2 to 2000 pixels high");
    const double em = capHeight / font->capital;
    require(FT_Set_Char_Size(font->face, FT_F26Dot6(em * 64), 0, 72, 72) == 0, VisionStatusInternal,
            "the typeface has no such size");
}

/// Calls `place(x, glyph)` for each glyph, x being the pen's position, and gives back the line's width.
template <class Place>
double layOut(vision_font *font, const char *text, double capHeight, double spacing, int flags, Place &&place) {
    setSize(font, capHeight);
    double pen = 0;
    for (const char *c = text; *c; c++) {
        require(FT_Load_Char(font->face, FT_ULong((unsigned char)*c), flags) == 0, VisionStatusInternal,
                "the typeface lacks a glyph");
        place(pen, font->face->glyph);
        pen += double(font->face->glyph->advance.x) / 64 + spacing;
    }
    return text[0] ? pen - spacing : 0;
}

cv::Rect boundsOf(const vision_point *points, size_t count, double margin, cv::Size size) {
    double left = 1e9, top = 1e9, right = -1e9, bottom = -1e9;
    for (size_t i = 0; i < count; i++) {
        left = std::min(left, points[i].x), right = std::max(right, points[i].x);
        top = std::min(top, points[i].y), bottom = std::max(bottom, points[i].y);
    }
    const auto bounded = [](double value) { return int(std::clamp(value, -1e6, 1e6)); };
    const cv::Point from(bounded(std::floor(left - margin)), bounded(std::floor(top - margin)));
    const cv::Point to(bounded(std::ceil(right + margin)) + 1, bounded(std::ceil(bottom + margin)) + 1);
    return cv::Rect(from, to) & cv::Rect(cv::Point(), size);
}

/// Fills one triangle where it is nearer than what `depth` holds.
void fill(cv::Mat &layer, cv::Mat &depth, const vision_vertex &a, const vision_vertex &b, const vision_vertex &c,
          cv::Point2f origin, float scale) {
    const cv::Point2f p((a.x - origin.x) * scale, (a.y - origin.y) * scale);
    const cv::Point2f q((b.x - origin.x) * scale, (b.y - origin.y) * scale);
    const cv::Point2f r((c.x - origin.x) * scale, (c.y - origin.y) * scale);
    const float area = (q.x - p.x) * (r.y - p.y) - (q.y - p.y) * (r.x - p.x);
    if (!(std::abs(area) > 1e-4f) || !std::isfinite(area)) return;
    const int top = std::max(0, int(std::floor(std::min({p.y, q.y, r.y}))));
    const int bottom = std::min(layer.rows - 1, int(std::ceil(std::max({p.y, q.y, r.y}))));

    // Each weight is linear along a row: where all three are positive is one run of pixels.
    const float du = (q.y - r.y) / area, dv = (r.y - p.y) / area, dw = -du - dv;
    const cv::Vec3f ca = vec(a.colour), cb = vec(b.colour), cc = vec(c.colour);
    const cv::Vec3f step = ca * du + cb * dv + cc * dw;
    const float nearer = a.inverse_depth * du + b.inverse_depth * dv + c.inverse_depth * dw;
    for (int y = top; y <= bottom; y++) {
        const float py = float(y) + .5f;
        const float u = ((q.x - .5f) * (r.y - py) - (q.y - py) * (r.x - .5f)) / area;
        const float v = ((r.x - .5f) * (p.y - py) - (r.y - py) * (p.x - .5f)) / area;
        const float w = 1 - u - v;
        float from = 0, to = float(layer.cols - 1);
        const std::pair<float, float> weights[3] = {{u, du}, {v, dv}, {w, dw}};
        for (const auto &[start, slope] : weights) {
            if (slope > 0)
                from = std::max(from, -start / slope);
            else if (slope < 0)
                to = std::min(to, -start / slope);
            else if (start < 0)
                to = -1;
        }
        if (!(from <= to)) continue;
        const int left = int(std::ceil(from)), right = int(std::floor(to));
        auto *colours = layer.ptr<cv::Vec4b>(y);
        auto *depths = depth.ptr<float>(y);
        const float x0 = float(left);
        float near = a.inverse_depth * (u + du * x0) + b.inverse_depth * (v + dv * x0) + c.inverse_depth * (w + dw * x0);
        cv::Vec3f colour = ca * (u + du * x0) + cb * (v + dv * x0) + cc * (w + dw * x0);
        for (int x = left; x <= right; x++, near += nearer, colour += step) {
            if (near <= depths[x]) continue;
            depths[x] = near;
            colours[x] = {cv::saturate_cast<uchar>(colour[0]), cv::saturate_cast<uchar>(colour[1]),
                          cv::saturate_cast<uchar>(colour[2]), 255};
        }
    }
}

/// Lays the decal over a layer whose pixels are opaque or empty.
void lay(cv::Mat &layer, const vision_decal &decal, cv::Point2f origin, float scale) {
    cv::Point2f to[4];
    vision_point corners[4];
    for (int i = 0; i < 4; i++) {
        to[i] = {(float(decal.corners[i].x) - origin.x) * scale, (float(decal.corners[i].y) - origin.y) * scale};
        corners[i] = {to[i].x, to[i].y};
    }
    const cv::Rect area = boundsOf(corners, 4, 1, layer.size());
    if (area.empty()) return;
    for (auto &point : to) point -= cv::Point2f(float(area.x), float(area.y));

    // Shrinking many source pixels into one needs averaging first, or the strokes break up.
    cv::Mat image = decal.image->mat;
    const double shrink = image.cols / std::max(8.0, cv::norm(to[1] - to[0]));
    if (shrink > 1.2) cv::resize(decal.image->mat, image, cv::Size(), 1 / shrink, 1 / shrink, cv::INTER_AREA);
    const cv::Point2f from[4] = {{0, 0},
                                 {float(image.cols), 0},
                                 {float(image.cols), float(image.rows)},
                                 {0, float(image.rows)}};

    const cv::Mat warp = cv::getPerspectiveTransform(from, to);
    cv::Mat warped, mask;
    cv::warpPerspective(image, warped, warp, area.size(), cv::INTER_LINEAR, cv::BORDER_REPLICATE);
    cv::warpPerspective(cv::Mat(image.size(), CV_8U, cv::Scalar(255)), mask, warp, area.size(), cv::INTER_LINEAR);
    for (int y = 0; y < area.height; y++)
        for (int x = 0; x < area.width; x++) {
            const int alpha = mask.at<uchar>(y, x);
            if (alpha == 0) continue;
            auto &under = layer.at<cv::Vec4b>(area.y + y, area.x + x);
            const auto &over = warped.at<cv::Vec3b>(y, x);
            for (int k = 0; k < 3; k++) under[k] = uchar((over[k] * alpha + under[k] * (255 - alpha)) / 255);
            under[3] = std::max<uchar>(under[3], uchar(alpha));
        }
}

void blurAlong(cv::Mat &layer, vision_point motion) {
    const double length = std::hypot(motion.x, motion.y);
    if (length < .5) return;
    const int side = 2 * int(std::ceil(length / 2)) + 1;
    cv::Mat kernel = cv::Mat::zeros(side, side, CV_32F);
    const int steps = side * 8;
    for (int i = 0; i <= steps; i++) {
        const double t = double(i) / steps - .5;
        const double x = side / 2 + motion.x * t, y = side / 2 + motion.y * t;
        const int column = std::clamp(int(std::floor(x)), 0, side - 1), row = std::clamp(int(std::floor(y)), 0, side - 1);
        const int nextColumn = std::min(column + 1, side - 1), nextRow = std::min(row + 1, side - 1);
        const float fx = float(x - column), fy = float(y - row);
        kernel.at<float>(row, column) += (1 - fx) * (1 - fy);
        kernel.at<float>(row, nextColumn) += fx * (1 - fy);
        kernel.at<float>(nextRow, column) += (1 - fx) * fy;
        kernel.at<float>(nextRow, nextColumn) += fx * fy;
    }
    kernel /= cv::sum(kernel)[0];
    cv::filter2D(layer, layer, -1, kernel, cv::Point(-1, -1), 0, cv::BORDER_CONSTANT);
}
}  // namespace

VisionStatus vision_font_open(const char *path, vision_font **font, vision_error *error) noexcept {
    return guarded(error, [&] {
        auto made = std::make_unique<vision_font>();
        require(FT_Init_FreeType(&made->library) == 0, VisionStatusInternal, "FreeType does not start");
        require(FT_New_Face(made->library, path, 0, &made->face) == 0, VisionStatusUnreadable, path);
        require(FT_Load_Char(made->face, 'H', FT_LOAD_NO_SCALE) == 0 && made->face->units_per_EM > 0,
                VisionStatusUnreadable, path);
        made->capital = double(made->face->glyph->metrics.horiBearingY) / made->face->units_per_EM;
        require(made->capital > 0, VisionStatusUnreadable, path);
        *font = made.release();
    });
}

void vision_font_destroy(vision_font *font) noexcept { delete font; }

VisionStatus vision_font_measure(vision_font *font, const char *text, double cap_height, double spacing, double *width,
                                 vision_error *error) noexcept {
    return guarded(error, [&] {
        *width = layOut(font, text, cap_height, spacing, FT_LOAD_NO_HINTING, [](double, FT_GlyphSlot) {});
    });
}

VisionStatus vision_draw_text(vision_image *image, vision_font *font, const char *text, vision_point origin,
                              double cap_height, double spacing, vision_colour colour, vision_error *error) noexcept {
    return guarded(error, [&] {
        requireCanvas(image);
        const int flags = FT_LOAD_RENDER | FT_LOAD_NO_HINTING;
        layOut(font, text, cap_height, spacing, flags, [&](double pen, FT_GlyphSlot glyph) {
            const FT_Bitmap &bitmap = glyph->bitmap;
            const int left = int(std::lround(origin.x + pen)) + glyph->bitmap_left;
            const int top = int(std::lround(origin.y)) - glyph->bitmap_top;
            for (int y = 0; y < int(bitmap.rows); y++)
                for (int x = 0; x < int(bitmap.width); x++) {
                    if (left + x < 0 || left + x >= image->mat.cols || top + y < 0 || top + y >= image->mat.rows)
                        continue;
                    const float alpha = float(bitmap.buffer[y * bitmap.pitch + x]) / 255;
                    auto &pixel = image->mat.at<cv::Vec3b>(top + y, left + x);
                    pixel = cv::Vec3b(cv::Vec3f(pixel) * (1 - alpha) + vec(colour) * alpha);
                }
        });
    });
}

VisionStatus vision_draw_polygon(vision_image *image, const vision_point *points, size_t count, vision_paint paint,
                                 vision_error *error) noexcept {
    return guarded(error, [&] {
        requireCanvas(image);
        require(count >= 3, VisionStatusBadArgument, "a polygon has three points or more");
        const cv::Rect area = boundsOf(points, count, 1 + 3 * paint.softness, image->mat.size());
        if (area.empty()) return;
        cv::Mat mask = cv::Mat::zeros(area.size(), CV_8U);
        std::vector<cv::Point> outline(count);
        for (size_t i = 0; i < count; i++)
            outline[i] = {int(std::lround(std::clamp((points[i].x - area.x) * 16, -3e6, 3e6))),
                          int(std::lround(std::clamp((points[i].y - area.y) * 16, -3e6, 3e6)))};
        cv::fillPoly(mask, std::vector<std::vector<cv::Point>>{outline}, cv::Scalar(255), cv::LINE_AA, 4);
        if (paint.softness > 0) cv::GaussianBlur(mask, mask, cv::Size(), paint.softness, 0, cv::BORDER_REPLICATE);

        const cv::Vec3f from = vec(paint.from), change = vec(paint.to) - from;
        const double dx = paint.end.x - paint.start.x, dy = paint.end.y - paint.start.y;
        const double length = std::max(1e-9, dx * dx + dy * dy);
        for (int y = 0; y < area.height; y++) {
            const auto *alphas = mask.ptr<uchar>(y);
            auto *pixels = image->mat.ptr<cv::Vec3b>(area.y + y) + area.x;
            for (int x = 0; x < area.width; x++) {
                if (alphas[x] == 0) continue;
                const float alpha = float(alphas[x]) / 255 * paint.opacity;
                const double along = ((area.x + x - paint.start.x) * dx + (area.y + y - paint.start.y) * dy) / length;
                const cv::Vec3f colour = from + change * float(std::clamp(along, 0.0, 1.0));
                pixels[x] = cv::Vec3b(cv::Vec3f(pixels[x]) * (1 - alpha) + colour * alpha);
            }
        }
    });
}

VisionStatus vision_draw_glow(vision_image *image, vision_point centre, double radius, vision_colour colour,
                              vision_error *error) noexcept {
    return guarded(error, [&] {
        requireCanvas(image);
        const cv::Rect area = boundsOf(&centre, 1, radius, image->mat.size());
        for (int y = area.y; y < area.y + area.height; y++)
            for (int x = area.x; x < area.x + area.width; x++) {
                const double distance = std::hypot(x - centre.x, y - centre.y) / radius;
                if (distance >= 1) continue;
                const float strength = float((1 - distance) * (1 - distance) * (1 - distance));
                auto &pixel = image->mat.at<cv::Vec3b>(y, x);
                pixel = cv::Vec3b(cv::Vec3f(pixel) + vec(colour) * strength);
            }
    });
}

VisionStatus vision_draw_mesh(vision_image *image, const vision_vertex *vertices, size_t vertex_count,
                              const int32_t *triangles, size_t triangle_count, vision_decal decal, vision_point motion,
                              vision_error *error) noexcept {
    return guarded(error, [&] {
        requireCanvas(image);
        std::vector<vision_point> used;
        used.reserve(triangle_count * 3);
        for (size_t i = 0; i < triangle_count * 3; i++) {
            require(triangles[i] >= 0 && size_t(triangles[i]) < vertex_count, VisionStatusBadArgument,
                    "a triangle names a vertex that does not exist");
            used.push_back({vertices[triangles[i]].x, vertices[triangles[i]].y});
        }
        const double margin = 2 + std::hypot(motion.x, motion.y);
        const cv::Rect area = boundsOf(used.data(), used.size(), margin, image->mat.size());
        if (area.empty()) return;

        // Drawn at twice the size and averaged down: smooth edges without seams between neighbours.
        const float scale = 2;
        const cv::Point2f origin(float(area.x), float(area.y));
        cv::Mat large = cv::Mat::zeros(area.height * 2, area.width * 2, CV_8UC4);
        cv::Mat depth = cv::Mat::zeros(large.size(), CV_32F);
        for (size_t i = 0; i < triangle_count; i++)
            fill(large, depth, vertices[triangles[3 * i]], vertices[triangles[3 * i + 1]],
                 vertices[triangles[3 * i + 2]], origin, scale);
        if (decal.image) lay(large, decal, origin, scale);
        cv::Mat layer;
        cv::resize(large, layer, area.size(), 0, 0, cv::INTER_AREA);
        blurAlong(layer, motion);
        for (int y = 0; y < area.height; y++) {
            const auto *over = layer.ptr<cv::Vec4b>(y);
            auto *under = image->mat.ptr<cv::Vec3b>(area.y + y) + area.x;
            for (int x = 0; x < area.width; x++) {
                const int rest = 255 - over[x][3];
                if (rest == 255) continue;
                for (int k = 0; k < 3; k++)
                    under[x][k] = cv::saturate_cast<uchar>(over[x][k] + under[x][k] * rest / 255);
            }
        }
    });
}

VisionStatus vision_noise_create(int32_t width, int32_t height, double sigma, uint64_t seed, vision_noise **noise,
                                 vision_error *error) noexcept {
    return guarded(error, [&] {
        require(width > 0 && height > 0 && sigma >= 0 && sigma <= 40, VisionStatusBadArgument,
                "noise has a size, and a deviation of 0 to 40 levels");
        auto made = std::make_unique<vision_noise>();
        made->grain.create(height + 64, width + 64, CV_8SC3);
        cv::RNG random(seed);
        random.fill(made->grain, cv::RNG::NORMAL, 0, sigma);
        // A sensor's noise is smeared a little by its own demosaicing.
        cv::Mat smooth;
        made->grain.convertTo(smooth, CV_32F);
        cv::GaussianBlur(smooth, smooth, cv::Size(3, 3), .6);
        smooth.convertTo(made->grain, CV_8S, 1.6);
        *noise = made.release();
    });
}

void vision_noise_destroy(vision_noise *noise) noexcept { delete noise; }

VisionStatus vision_draw_noise(vision_image *image, const vision_noise *noise, int32_t x, int32_t y,
                               vision_error *error) noexcept {
    return guarded(error, [&] {
        requireCanvas(image);
        cv::Mat &mat = image->mat;
        require(x >= 0 && x < 64 && y >= 0 && y < 64 && noise->grain.cols == mat.cols + 64 &&
                    noise->grain.rows == mat.rows + 64,
                VisionStatusBadArgument, "the noise is for another size, or shifted too far");
        for (int row = 0; row < mat.rows; row++) {
            const auto *grain = noise->grain.ptr<schar>(row + y) + 3 * x;
            auto *pixels = mat.ptr<uchar>(row);
            for (int i = 0; i < mat.cols * 3; i++) pixels[i] = uchar(std::clamp(int(pixels[i]) + grain[i], 0, 255));
        }
    });
}

VisionStatus vision_image_window(const vision_image *image, double left, double top, int32_t width, int32_t height,
                                 vision_image **window, vision_error *error) noexcept {
    return guarded(error, [&] {
        require(width > 0 && height > 0 && left >= 0 && top >= 0 && left + width <= image->mat.cols &&
                    top + height <= image->mat.rows,
                VisionStatusBadImage, "the window leaves the image");
        auto made = std::make_unique<vision_image>();
        const cv::Point2f centre(float(left + (width - 1) / 2.0), float(top + (height - 1) / 2.0));
        cv::getRectSubPix(image->mat, cv::Size(width, height), centre, made->mat);
        *window = made.release();
    });
}
