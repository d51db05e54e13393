import Traffic

/// A position and its speed, with their uncertainty: a Kalman filter of constant velocity in one dimension.
struct KalmanAxis: Hashable, Sendable {
    var value, speed: Double
    /// Covariance: of the value, between both, of the speed.
    var valueVariance, covariance, speedVariance: Double

    init(value: Double, speed: Double = 0, valueVariance: Double, covariance: Double = 0, speedVariance: Double) {
        self.value = value
        self.speed = speed
        self.valueVariance = valueVariance
        self.covariance = covariance
        self.speedVariance = speedVariance
    }

    /// - Parameter acceleration: Standard deviation, units a second squared.
    mutating func predict(seconds: Double, acceleration: Double) {
        let noise = acceleration * acceleration
        let square = seconds * seconds
        value += speed * seconds
        valueVariance += seconds * (2 * covariance + seconds * speedVariance) + noise * square * square / 4
        covariance += seconds * speedVariance + noise * square * seconds / 2
        speedVariance += noise * square
    }

    /// - Parameter deviation: Standard deviation of the measurement.
    mutating func update(_ measured: Double, deviation: Double) {
        let total = valueVariance + deviation * deviation
        let gain = valueVariance / total
        let speedGain = covariance / total
        let error = measured - value
        value += gain * error
        speed += speedGain * error
        speedVariance -= speedGain * covariance
        covariance -= gain * covariance
        valueVariance -= gain * valueVariance
    }
}

/// A box in motion: centre, width and height, each with its speed, as of the last frame in which it was seen.
///
/// Predictions start from there and change nothing. When a box is found again after a gap, the filter is led along the
/// straight line between both observations, so that the speed it had guessed meanwhile leaves no trace.
/// Source: Cao and others, "Observation-Centric SORT", 2023, section 4.2.
struct KalmanBox: Hashable, Sendable {
    /// How much a box moves and jitters, relative to its size.
    struct Noise: Sendable {
        /// Pixels of motion per pixel of size: a plate rides on a vehicle several times its width.
        var reach: Double
        /// Measurement error per pixel of size.
        var jitter: Double

        static let vehicle = Noise(reach: 1, jitter: 0.04)
        static let plate = Noise(reach: 6, jitter: 0.08)
    }

    var x, y, width, height: KalmanAxis
    /// As last seen.
    var seen: Box
    var time: EventTime

    init(x: KalmanAxis, y: KalmanAxis, width: KalmanAxis, height: KalmanAxis, seen: Box, time: EventTime) {
        self.x = x
        self.y = y
        self.width = width
        self.height = height
        self.seen = seen
        self.time = time
    }

    init(_ box: Box, at time: EventTime, noise: Noise) {
        let size = Self.size(box)
        let deviation = noise.jitter * size + 1
        let variance = deviation * deviation
        let speed = noise.reach * size
        let center = box.center
        self.init(
            x: KalmanAxis(value: center.x, valueVariance: variance, speedVariance: speed * speed),
            y: KalmanAxis(value: center.y, valueVariance: variance, speedVariance: speed * speed),
            width: KalmanAxis(value: box.width, valueVariance: variance, speedVariance: Self.growth(box.width)),
            height: KalmanAxis(value: box.height, valueVariance: variance, speedVariance: Self.growth(box.height)),
            seen: box, time: time)
    }

    /// Variance of the speed at which a side of this length grows at first.
    private static func growth(_ side: Double) -> Double { 0.16 * side * side }

    private static func size(_ box: Box) -> Double { max(1, (box.width * box.height).squareRoot()) }

    /// Seconds since the box was seen, 0...10.
    @inline(__always) func elapsed(at moment: EventTime) -> Double { min(10, max(0, moment.seconds(since: time))) }

    /// Where the box should be at a moment.
    @inline(__always) func predicted(at moment: EventTime) -> Box {
        let seconds = elapsed(at: moment)
        // Growth is guessed from noisy edges: never let a guess shrink or blow up the box.
        let across = min(max(width.value + seconds * width.speed, seen.width * 0.4), seen.width * 2.5)
        let down = min(max(height.value + seconds * height.speed, seen.height * 0.4), seen.height * 2.5)
        return Box(
            x: x.value + seconds * x.speed - across / 2, y: y.value + seconds * y.speed - down / 2, width: across,
            height: down)
    }

    /// The box as last seen, where it should be at a moment: right where the filter lags, as with a vehicle that
    /// drives away from close by and shrinks quickly.
    @inline(__always) func carried(to moment: EventTime) -> Box {
        let seconds = elapsed(at: moment)
        return Box(x: seen.x + seconds * x.speed, y: seen.y + seconds * y.speed, width: seen.width, height: seen.height)
    }

    /// Standard deviation of where the centre should be at a moment, pixels.
    func deviation(at moment: EventTime, noise: Noise) -> Double {
        var axis = x
        axis.predict(seconds: elapsed(at: moment), acceleration: noise.reach * Self.size(seen))
        return axis.valueVariance.squareRoot()
    }

    /// Moves it with the picture, where the camera turned.
    mutating func shift(by way: Point) {
        x.value += way.x
        y.value += way.y
        seen.x += way.x
        seen.y += way.y
    }

    /// - Parameter score: Of the detection, 0...1: a weak one moves the filter less.
    mutating func update(_ box: Box, at moment: EventTime, score: Double, noise: Noise, step: Double) {
        let seconds = elapsed(at: moment)
        let steps = step > 0 && seconds > step * 1.5 ? min(10, max(1, Int((seconds / step).rounded()))) : 1
        let from = seen
        for index in 1...steps {
            let share = Double(index) / Double(steps)
            let between = Box(
                x: from.x + (box.x - from.x) * share, y: from.y + (box.y - from.y) * share,
                width: from.width + (box.width - from.width) * share,
                height: from.height + (box.height - from.height) * share)
            predict(seconds: seconds / Double(steps), noise: noise)
            correct(between, score: score, noise: noise)
        }
        seen = box
        time = moment
    }

    private mutating func predict(seconds: Double, noise: Noise) {
        guard seconds > 0 else { return }
        let size = Self.size(seen)
        x.predict(seconds: seconds, acceleration: noise.reach * size)
        y.predict(seconds: seconds, acceleration: noise.reach * size)
        width.predict(seconds: seconds, acceleration: 0.4 * seen.width)
        height.predict(seconds: seconds, acceleration: 0.4 * seen.height)
    }

    private mutating func correct(_ box: Box, score: Double, noise: Noise) {
        let deviation = (noise.jitter * Self.size(box) + 1) * (1.5 - 0.5 * min(1, max(0, score)))
        let center = box.center
        x.update(center.x, deviation: deviation)
        y.update(center.y, deviation: deviation)
        width.update(box.width, deviation: deviation)
        height.update(box.height, deviation: deviation)
    }
}

extension EventTime {
    /// Saturates where the difference does not fit, so that a wild clock cannot stop the stage.
    func nanoseconds(since other: EventTime) -> Int64 {
        let (difference, overflow) = nanoseconds.subtractingReportingOverflow(other.nanoseconds)
        return overflow ? (nanoseconds < 0 ? .min : .max) : difference
    }

    func seconds(since other: EventTime) -> Double { Double(nanoseconds(since: other)) / 1e9 }
}

extension Box {
    /// Intersection over union of boxes that are not empty: `overlap`, for the innermost loops.
    @inline(__always) func share(with other: Box) -> Double {
        let across = min(x + width, other.x + other.width) - max(x, other.x)
        guard across > 0 else { return 0 }
        let down = min(y + height, other.y + other.height) - max(y, other.y)
        guard down > 0 else { return 0 }
        let shared = across * down
        return shared / (width * height + other.width * other.height - shared)
    }

    /// Whether they share any pixel: for the innermost loops.
    @inline(__always) func meets(_ other: Box) -> Bool {
        x < other.x + other.width && other.x < x + width && y < other.y + other.height && other.y < y + height
    }
}
