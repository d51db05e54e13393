public import Traffic

extension Answer {
    /// Flows or travel times as a DATEX II version 3 payload, a `MeasuredDataPublication` (EN 16157-5).
    ///
    /// One `siteMeasurements` for each row. The measurement site is the camera's id, or `FROM/TO` for travel times. A flow is
    /// in vehicles an hour, the count itself in `numberOfInputValuesUsed`; a travel time is the median in seconds, by the
    /// stretch of departure, with its trips. What is withheld has its site and its time, and no quantity. The site table
    /// `cameras`, version 1, is named and not published.
    ///
    /// - Parameters:
    ///   - every: The length of a stretch; positive.
    ///   - period: What was asked about: the first and the last stretch end with it.
    ///   - creator: Who publishes, as the national identifier; the country is `ZZ`, which stands for none.
    ///   - published: When.
    /// - Returns: Nil for another answer, and for one without a row: a publication has at least one.
    public func datex2(
        every: Duration, in period: Questions.Period, creator: String, published: EventTime
    ) -> String? {
        func column(_ name: String) -> Int? { columns.firstIndex(of: name) }
        let sites: [Int]
        let start: Int?
        let quantity: (Row, _ hours: Double) -> String?
        if let camera = column("camera"), let passages = column("passages"), column("read") != nil {
            (sites, start) = ([camera], column("from"))
            quantity = { row, hours in
                guard case .count(let count) = row.values[passages] else { return nil }
                return """
                    <roa:basicData xsi:type="roa:TrafficFlow">\
                    <roa:vehicleFlow numberOfInputValuesUsed="\(count)">\
                    <com:vehicleFlowRate>\(Int((Double(count) / hours).rounded()))</com:vehicleFlowRate>\
                    </roa:vehicleFlow></roa:basicData>
                    """
            }
        } else if let from = column("from_camera"), let to = column("to_camera"), let trips = column("trips"),
            let median = column("median_seconds")
        {
            (sites, start) = ([from, to], column("departed"))
            quantity = { row, _ in
                guard case .count(let count) = row.values[trips], case .number(let seconds) = row.values[median]
                else { return nil }
                return """
                    <roa:basicData xsi:type="roa:TravelTimeData">\
                    <roa:travelTimeType>reconstituted</roa:travelTimeType>\
                    <roa:travelTime computationalMethod="medianOfSamplesInATimePeriod" numberOfInputValuesUsed="\(count)">\
                    <roa:duration>\(seconds)</roa:duration></roa:travelTime></roa:basicData>
                    """
            }
        } else {
            return nil
        }
        guard let start, !rows.isEmpty else { return nil }

        let measurements = rows.compactMap { row -> String? in
            guard case .moment(let bucket) = row.values[start] else { return nil }
            let begin = max(bucket.time, period.start)
            let end = min(bucket.time + every, period.end)
            let site = sites.compactMap { if case .text(let name) = row.values[$0] { name } else { nil } }
            let measured =
                quantity(row, (end - begin).inSeconds / 3600).map {
                    """

                        <roa:physicalQuantity index="1"><roa:physicalQuantity xsi:type="roa:SinglePhysicalQuantity">\
                    \($0)</roa:physicalQuantity></roa:physicalQuantity>
                    """
                } ?? ""
            return """
                  <roa:siteMeasurements>
                    <roa:measurementSiteReference id="\(Self.escaped(site.joined(separator: "/")))" version="1" \
                targetClass="roa:MeasurementSite"/>\(measured)
                    <roa:measurementTimeDefault><roa:timeMeaning>beginTime</roa:timeMeaning>\
                <roa:timeValue>\(begin.rfc3339)</roa:timeValue><roa:period>\
                <com:startOfPeriod>\(begin.rfc3339)</com:startOfPeriod><com:endOfPeriod>\(end.rfc3339)</com:endOfPeriod>\
                </roa:period></roa:measurementTimeDefault>
                  </roa:siteMeasurements>

                """
        }
        return """
            <?xml version="1.0" encoding="UTF-8"?>
            <d2:payload xmlns:d2="http://datex2.eu/schema/3/d2Payload" xmlns:com="http://datex2.eu/schema/3/common" \
            xmlns:roa="http://datex2.eu/schema/3/roadTrafficData" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" \
            xsi:type="roa:MeasuredDataPublication" lang="en" modelBaseVersion="3">
              <com:publicationTime>\(published.rfc3339)</com:publicationTime>
              <com:publicationCreator><com:country>ZZ</com:country>\
            <com:nationalIdentifier>\(Self.escaped(creator))</com:nationalIdentifier></com:publicationCreator>
              <roa:measurementSiteTableReference id="cameras" version="1" targetClass="roa:MeasurementSiteTable"/>
              <roa:headerInformation><com:informationStatus>real</com:informationStatus></roa:headerInformation>
            \(measurements.joined())</d2:payload>

            """
    }

    /// Text as it may stand in an element or an attribute.
    private static func escaped(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
            .replacing("\"", with: "&quot;")
    }
}
