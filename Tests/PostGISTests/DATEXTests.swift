import Foundation
import Testing
import Traffic

@testable import PostGIS

#if canImport(FoundationXML)
    import FoundationXML
#endif

/// DATEX II documents, against text that was checked with the schemas of version 3.1.
@Suite struct DATEXTests {
    let half = Moment(time: EventTime(rfc3339: "2026-03-02T07:00:00Z")!, local: "2026-03-02 08:00:00")
    let next = Moment(time: EventTime(rfc3339: "2026-03-02T08:00:00Z")!, local: "2026-03-02 09:00:00")
    /// The first hour is cut to half, the second to a quarter.
    let period = Questions.Period(
        start: EventTime(rfc3339: "2026-03-02T07:30:00Z")!, end: EventTime(rfc3339: "2026-03-02T08:15:00Z")!)
    let published = EventTime(rfc3339: "2026-03-03T00:00:00Z")!
    let north = Camera(id: "ring & \"north\"", longitude: 4.35, latitude: 50.88, heading: nil)
    let south = Camera(id: "south", longitude: 4.36, latitude: 50.83, heading: nil)

    func document(_ answer: Answer) throws -> String {
        let text = try #require(
            answer.datex2(every: .seconds(3600), in: period, creator: "city <1>", published: published))
        #expect(XMLParser(data: Data(text.utf8)).parse())
        return text
    }

    @Test func `flows are vehicles an hour of the time that was asked about, and withheld ones have no quantity`()
        throws
    {
        let flows = [
            Flow(camera: north, bucket: half, passages: 31, vehicles: 30, read: 29),
            Flow(camera: north, bucket: next, passages: nil, vehicles: nil, read: nil),
        ]
        #expect(
            try document(Answer(flows, minimumVehicles: 5, zone: "Europe/Brussels")) == """
                <?xml version="1.0" encoding="UTF-8"?>
                <d2:payload xmlns:d2="http://datex2.eu/schema/3/d2Payload" xmlns:com="http://datex2.eu/schema/3/common" \
                xmlns:roa="http://datex2.eu/schema/3/roadTrafficData" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" \
                xsi:type="roa:MeasuredDataPublication" lang="en" modelBaseVersion="3">
                  <com:publicationTime>2026-03-03T00:00:00.000Z</com:publicationTime>
                  <com:publicationCreator><com:country>ZZ</com:country>\
                <com:nationalIdentifier>city &lt;1&gt;</com:nationalIdentifier></com:publicationCreator>
                  <roa:measurementSiteTableReference id="cameras" version="1" targetClass="roa:MeasurementSiteTable"/>
                  <roa:headerInformation><com:informationStatus>real</com:informationStatus></roa:headerInformation>
                  <roa:siteMeasurements>
                    <roa:measurementSiteReference id="ring &amp; &quot;north&quot;" version="1" \
                targetClass="roa:MeasurementSite"/>
                    <roa:physicalQuantity index="1"><roa:physicalQuantity xsi:type="roa:SinglePhysicalQuantity">\
                <roa:basicData xsi:type="roa:TrafficFlow"><roa:vehicleFlow numberOfInputValuesUsed="31">\
                <com:vehicleFlowRate>62</com:vehicleFlowRate></roa:vehicleFlow></roa:basicData>\
                </roa:physicalQuantity></roa:physicalQuantity>
                    <roa:measurementTimeDefault><roa:timeMeaning>beginTime</roa:timeMeaning>\
                <roa:timeValue>2026-03-02T07:30:00.000Z</roa:timeValue><roa:period>\
                <com:startOfPeriod>2026-03-02T07:30:00.000Z</com:startOfPeriod>\
                <com:endOfPeriod>2026-03-02T08:00:00.000Z</com:endOfPeriod></roa:period></roa:measurementTimeDefault>
                  </roa:siteMeasurements>
                  <roa:siteMeasurements>
                    <roa:measurementSiteReference id="ring &amp; &quot;north&quot;" version="1" \
                targetClass="roa:MeasurementSite"/>
                    <roa:measurementTimeDefault><roa:timeMeaning>beginTime</roa:timeMeaning>\
                <roa:timeValue>2026-03-02T08:00:00.000Z</roa:timeValue><roa:period>\
                <com:startOfPeriod>2026-03-02T08:00:00.000Z</com:startOfPeriod>\
                <com:endOfPeriod>2026-03-02T08:15:00.000Z</com:endOfPeriod></roa:period></roa:measurementTimeDefault>
                  </roa:siteMeasurements>
                </d2:payload>

                """)
    }

    @Test func `travel times are medians in seconds between two cameras, with their trips`() throws {
        let times = [
            TravelTime(
                from: north, to: south, bucket: half, trips: 12, vehicles: 11, medianSeconds: 62.5, p85Seconds: 80,
                stopped: 0),
            TravelTime(
                from: north, to: south, bucket: next, trips: nil, vehicles: nil, medianSeconds: nil, p85Seconds: nil,
                stopped: nil),
        ]
        let text = try document(Answer(times, minimumVehicles: 5, zone: "UTC"))
        #expect(text.components(separatedBy: "id=\"ring &amp; &quot;north&quot;/south\"").count == 3)
        #expect(text.components(separatedBy: "TravelTimeData").count == 2)
        #expect(
            text.contains(
                """
                <roa:basicData xsi:type="roa:TravelTimeData"><roa:travelTimeType>reconstituted</roa:travelTimeType>\
                <roa:travelTime computationalMethod="medianOfSamplesInATimePeriod" numberOfInputValuesUsed="12">\
                <roa:duration>62.5</roa:duration></roa:travelTime></roa:basicData>
                """))
    }

    @Test func `other answers, and empty ones, have no such form`() {
        let passing = [Passing(camera: nil, passages: 9, vehicles: 9)]
        for answer in [
            Answer(passing, minimumVehicles: 5, zone: "UTC"), Answer([Flow](), minimumVehicles: 5, zone: "UTC"),
        ] {
            #expect(answer.datex2(every: .seconds(60), in: period, creator: "city", published: published) == nil)
        }
    }
}
