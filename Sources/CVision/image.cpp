#include "internal.hpp"

#include <opencv2/core/utils/logger.hpp>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include <memory>
#include <vector>

using vision::guarded;
using vision::require;

struct vision_bytes {
    std::vector<uchar> bytes;
};

namespace {
void requireSize(int32_t width, int32_t height, int32_t channels) {
    require(width >= 1 && width <= 32768 && height >= 1 && height <= 32768 && (channels == 1 || channels == 3),
            VisionStatusBadArgument, "an image has 1 to 32768 pixels a side and 1 or 3 channels");
}

// OpenCV prints warnings of its own on stderr; what matters comes back as a status.
const bool quiet = [] {
    cv::utils::logging::setLogLevel(cv::utils::logging::LOG_LEVEL_SILENT);
    return true;
}();
}  // namespace

void vision_set_threads(int32_t threads) noexcept {
    try {
        cv::setNumThreads(threads);
    } catch (...) {
    }
}

int32_t vision_opencv_version(void) noexcept {
    return CV_VERSION_MAJOR * 10000 + CV_VERSION_MINOR * 100 + CV_VERSION_REVISION;
}

VisionStatus vision_provoke_exception(vision_error *error) noexcept {
    return guarded(error, [] {
        cv::Mat two(2, 2, CV_8U), three(3, 3, CV_8U);
        cv::Mat sum = two + three;
    });
}

VisionStatus vision_image_create(int32_t width, int32_t height, int32_t channels, uint8_t blue, uint8_t green,
                                 uint8_t red, vision_image **image, vision_error *error) noexcept {
    return guarded(error, [&] {
        requireSize(width, height, channels);
        *image = new vision_image{cv::Mat(height, width, CV_8UC(channels), cv::Scalar(blue, green, red))};
    });
}

VisionStatus vision_image_from_pixels(const uint8_t *data, int32_t width, int32_t height, int32_t channels, size_t step,
                                      vision_image **image, vision_error *error) noexcept {
    return guarded(error, [&] {
        requireSize(width, height, channels);
        require(step >= size_t(width) * size_t(channels), VisionStatusBadArgument, "rows overlap");
        *image = new vision_image{cv::Mat(height, width, CV_8UC(channels), const_cast<uint8_t *>(data), step).clone()};
    });
}

VisionStatus vision_image_decode(const uint8_t *data, size_t count, vision_image **image,
                                 vision_error *error) noexcept {
    return guarded(error, [&] {
        require(count > 0 && count <= size_t(1) << 30, VisionStatusBadImage, "no bytes, or more than 1 GiB");
        cv::Mat mat;
        try {
            mat = cv::imdecode(cv::Mat(1, int(count), CV_8UC1, const_cast<uint8_t *>(data)), cv::IMREAD_COLOR);
        } catch (const cv::Exception &exception) {
            throw vision::Failure(VisionStatusBadImage, exception.what());
        }
        require(!mat.empty(), VisionStatusBadImage, "the bytes are no image that OpenCV can decode");
        *image = new vision_image{std::move(mat)};
    });
}

void vision_image_destroy(vision_image *image) noexcept { delete image; }

vision_pixels vision_image_pixels(const vision_image *image) noexcept {
    const cv::Mat &mat = image->mat;
    return {mat.data, mat.cols, mat.rows, mat.channels(), mat.empty() ? 0 : size_t(mat.step[0])};
}

VisionStatus vision_image_crop(const vision_image *image, vision_rect rect, vision_image **crop,
                               vision_error *error) noexcept {
    return guarded(error, [&] {
        const cv::Rect inside(rect.x, rect.y, rect.width, rect.height);
        require(rect.width > 0 && rect.height > 0 &&
                    (inside & cv::Rect(0, 0, image->mat.cols, image->mat.rows)) == inside,
                VisionStatusBadImage, "the rectangle is empty or leaves the image");
        *crop = new vision_image{image->mat(inside)};
    });
}

VisionStatus vision_image_copy(const vision_image *image, vision_image **copy, vision_error *error) noexcept {
    return guarded(error, [&] { *copy = new vision_image{image->mat.clone()}; });
}

VisionStatus vision_image_resize(const vision_image *image, int32_t width, int32_t height, vision_image **resized,
                                 vision_error *error) noexcept {
    return guarded(error, [&] {
        requireSize(width, height, image->mat.channels());
        auto made = std::make_unique<vision_image>();
        const bool shrinks = width < image->mat.cols && height < image->mat.rows;
        cv::resize(image->mat, made->mat, cv::Size(width, height), 0, 0, shrinks ? cv::INTER_AREA : cv::INTER_LINEAR);
        *resized = made.release();
    });
}

VisionStatus vision_image_grey(const vision_image *image, vision_image **grey, vision_error *error) noexcept {
    return guarded(error, [&] {
        auto made = std::make_unique<vision_image>();
        if (image->mat.channels() == 1)
            made->mat = image->mat;
        else
            cv::cvtColor(image->mat, made->mat, cv::COLOR_BGR2GRAY);
        *grey = made.release();
    });
}

VisionStatus vision_image_rectify(const vision_image *image, const vision_point corners[4], int32_t width,
                                  int32_t height, vision_image **rectified, vision_error *error) noexcept {
    return guarded(error, [&] {
        requireSize(width, height, image->mat.channels());
        cv::Point2f from[4];
        for (int i = 0; i < 4; i++) from[i] = {float(corners[i].x), float(corners[i].y)};
        const cv::Point2f to[4] = {
            {0, 0}, {float(width), 0}, {float(width), float(height)}, {0, float(height)}};
        auto made = std::make_unique<vision_image>();
        cv::warpPerspective(image->mat, made->mat, cv::getPerspectiveTransform(from, to), cv::Size(width, height),
                            cv::INTER_LINEAR, cv::BORDER_REPLICATE);
        *rectified = made.release();
    });
}

VisionStatus vision_image_encode(const vision_image *image, const char *extension, int32_t quality,
                                 vision_bytes **bytes, vision_error *error) noexcept {
    return guarded(error, [&] {
        auto made = std::make_unique<vision_bytes>();
        std::vector<int> options;
        if (std::strcmp(extension, ".jpg") == 0) options = {cv::IMWRITE_JPEG_QUALITY, quality};
        require(cv::imencode(extension, image->mat, made->bytes, options), VisionStatusInternal,
                "the image could not be encoded");
        *bytes = made.release();
    });
}

const uint8_t *vision_bytes_data(const vision_bytes *bytes, size_t *count) noexcept {
    *count = bytes->bytes.size();
    return bytes->bytes.data();
}

void vision_bytes_destroy(vision_bytes *bytes) noexcept { delete bytes; }
