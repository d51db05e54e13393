// From a frame to a network's input: halvings shared by all networks, one resize, one conversion.
#include "network.hpp"

#include <opencv2/imgproc.hpp>

#include <algorithm>
#include <cmath>
#include <memory>

using vision::guarded;
using vision::require;

const cv::Mat &vision_pyramid::level(size_t halvings) {
    if (halvings == 0) return image;
    if (levels.size() < halvings) levels.resize(halvings);
    for (; made < halvings; made++) {
        const cv::Mat &whole = made == 0 ? image : levels[made - 1];
        // Even sides only: resize has a fast path for exact halves. At most one row and column is left out.
        const cv::Size half(whole.cols / 2, whole.rows / 2);
        cv::resize(whole(cv::Rect(0, 0, half.width * 2, half.height * 2)), levels[made], half, 0, 0, cv::INTER_AREA);
    }
    return levels[halvings - 1];
}

VisionStatus vision_pyramid_create(vision_pyramid **pyramid, vision_error *error) noexcept {
    return guarded(error, [&] { *pyramid = new vision_pyramid; });
}

void vision_pyramid_destroy(vision_pyramid *pyramid) noexcept { delete pyramid; }

VisionStatus vision_pyramid_set(vision_pyramid *pyramid, const vision_image *image, vision_error *error) noexcept {
    return guarded(error, [&] {
        pyramid->image = image->mat;
        pyramid->made = 0;
    });
}

float *vision_network_input(vision_network *network, size_t *count) noexcept {
    *count = network->input.size();
    // The caller may write anywhere, so padding has to be written again.
    network->padded = -1;
    return network->input.data();
}

VisionStatus vision_network_prepare(vision_network *network, vision_pyramid *pyramid, vision_rect region,
                                    const vision_preparation *preparation, vision_mapping *mapping,
                                    vision_error *error) noexcept {
    return guarded(error, [&] {
        const cv::Rect part(region.x, region.y, region.width, region.height);
        require(region.width > 0 && region.height > 0 &&
                    (part & cv::Rect(0, 0, pyramid->image.cols, pyramid->image.rows)) == part,
                VisionStatusBadImage, "the region is empty or leaves the image");
        const int width = network->width, height = network->height;
        double scaleX = double(width) / part.width, scaleY = double(height) / part.height;
        cv::Rect target(0, 0, width, height);
        if (preparation->fit != VisionFitStretch) {
            const double scale = std::min(scaleX, scaleY);
            target.width = std::clamp(int(std::lround(part.width * scale)), 1, width);
            target.height = std::clamp(int(std::lround(part.height * scale)), 1, height);
            if (preparation->fit == VisionFitCentre) {
                target.x = (width - target.width) / 2;
                target.y = (height - target.height) / 2;
            }
            scaleX = double(target.width) / part.width;
            scaleY = double(target.height) / part.height;
        }
        *mapping = {double(part.x), double(part.y), scaleX, scaleY, double(target.x), double(target.y)};

        // The smallest halving that is still at least as large as the target; bilinear takes it from there, so
        // that no pixel of the frame is skipped, for a fraction of the cost of averaging the frame anew.
        size_t halvings = 0;
        while (std::min(part.width >> (halvings + 1), part.height >> (halvings + 1)) >= 8 &&
               (part.width >> (halvings + 1)) >= target.width && (part.height >> (halvings + 1)) >= target.height)
            halvings++;
        const cv::Mat &level = pyramid->level(halvings);
        const cv::Rect from = cv::Rect(part.x >> halvings, part.y >> halvings, part.width >> halvings,
                                       part.height >> halvings) &
                              cv::Rect(0, 0, level.cols, level.rows);
        cv::Mat picture = level(from);
        if (picture.size() != target.size()) {
            cv::resize(picture, network->resized, target.size(), 0, 0, cv::INTER_LINEAR);
            picture = network->resized;
        }
        if (picture.channels() != network->channels) {
            cv::cvtColor(picture, network->converted,
                         network->channels == 1 ? cv::COLOR_BGR2GRAY : cv::COLOR_GRAY2BGR);
            picture = network->converted;
        }

        const size_t plane = size_t(width) * size_t(height);
        const bool dirty = network->padded != preparation->pad || (network->filled | target) != target;
        if (network->channels > 1)
            cv::split(picture, network->planes);
        else
            network->planes.assign(1, picture);
        for (int channel = 0; channel < network->channels; channel++) {
            cv::Mat whole(height, width, CV_32F, network->input.data() + plane * size_t(channel));
            const float scale = preparation->scale[channel], mean = preparation->mean[channel];
            if (dirty && target != cv::Rect(0, 0, width, height)) whole.setTo((preparation->pad - mean) * scale);
            cv::Mat into = whole(target);
            const int source = preparation->rgb && network->channels == 3 ? 2 - channel : channel;
            network->planes[size_t(source)].convertTo(into, CV_32F, double(scale), double(-mean * scale));
        }
        network->filled = target;
        network->padded = preparation->pad;
    });
}

VisionStatus vision_image_redacted(const vision_image *image, vision_rect part, const vision_hidden *hidden,
                                   int32_t hiddenCount, vision_image **redacted, vision_error *error) noexcept {
    return guarded(error, [&] {
        const cv::Rect frame(0, 0, image->mat.cols, image->mat.rows);
        const cv::Rect inside(part.x, part.y, part.width, part.height);
        require(part.width > 0 && part.height > 0 && (inside & frame) == inside, VisionStatusBadImage,
                "the rectangle is empty or leaves the image");
        const auto seen = [&](const vision_hidden &one) {
            const cv::Rect whole(one.rect.x, one.rect.y, one.rect.width, one.rect.height);
            return (whole & inside).empty() ? cv::Rect() : whole & frame;
        };
        // Averages are taken over all of what is hidden, not over what of it lies in this crop: two crops that share
        // a face then show the same few numbers, and not two grids to be put together.
        cv::Rect area = inside;
        for (int32_t i = 0; i < hiddenCount; i++)
            if (const cv::Rect rect = seen(hidden[i]); !rect.empty()) area |= rect;
        cv::Mat work = image->mat(area).clone();
        for (int32_t i = 0; i < hiddenCount; i++) {
            const cv::Rect rect = seen(hidden[i]);
            if (rect.empty()) continue;
            require(hidden[i].cells > 0, VisionStatusInternal, "nothing is hidden by no cell");
            cv::Mat pixels = work(rect - area.tl());
            // So many cells across the shorter side of the whole, however large it is, and never a cell under four
            // pixels: what is left cannot be told apart from any other.
            const double cell =
                std::max(4.0, std::min(hidden[i].rect.width, hidden[i].rect.height) / double(hidden[i].cells));
            const cv::Size cells(std::max(1, int(rect.width / cell)), std::max(1, int(rect.height / cell)));
            cv::Mat few, coarse;
            cv::resize(pixels, few, cells, 0, 0, cv::INTER_AREA);
            cv::resize(few, coarse, rect.size(), 0, 0, cv::INTER_NEAREST);
            const int kernel = std::max(3, int(cell)) | 1;
            // BORDER_ISOLATED: the original pixels around must not flow back in.
            cv::blur(coarse, pixels, cv::Size(kernel, kernel), cv::Point(-1, -1),
                     cv::BORDER_REPLICATE | cv::BORDER_ISOLATED);
        }
        auto made = std::make_unique<vision_image>();
        work(inside - area.tl()).copyTo(made->mat);
        *redacted = made.release();
    });
}
