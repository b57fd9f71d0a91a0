package el_test

import "testing"

func TestTimeFunctions(t *testing.T) {
	runEval(t, []evalTest{
		{`Time.fromWindowsToIso8601('130828367179790000')`, "2015-07-31T17:18:37.979Z"},
		{`Time.fromIso8601ToWindows("2015-07-30T23:58:32Z")`, "130827743120000000"},
		{`Time.fromUnixToIso8601('1438377580979')`, "2015-07-31T21:19:40.979Z"},
		{`Time.fromUnixToIso8601(-1)`, "1969-12-31T23:59:59.999Z"},
		{`Time.fromIso8601ToUnix("2015-07-31T17:18:37.979Z")`, "1438363117979"},
		{`Time.fromIso8601ToUnix("2015-07-31T19:18:37.979+02:00")`, "1438363117979"},
		{`Time.fromStringToIso8601('17 June 2015 00:23:19', 'dd MMMM yyyy HH:mm:ss')`, "2015-06-17T00:23:19.000Z"},
		{`Time.fromStringToIso8601('20150617', 'yyyyMMdd')`, "2015-06-17T00:00:00.000Z"},
		{`Time.fromStringToIso8601('6/7/49', 'M/d/yy')`, "2049-06-07T00:00:00.000Z"},
		{`Time.fromStringToIso8601('6/7/50', 'M/d/yy')`, "1950-06-07T00:00:00.000Z"},
		{`Time.fromStringToIso8601('6/7/1850', 'M/d/yy')`, "1850-06-07T00:00:00.000Z"},
		{`Time.fromStringToIso8601('06/07', 'MM/dd')`, "2000-06-07T00:00:00.000Z"},
		{`Time.fromStringToIso8601('Wed, jun 17 2015 12:05 am +0200', 'EEE, MMM d yyyy hh:mm a Z')`, "2015-06-17T00:05:00.000+02:00"},
		{`Time.fromStringToIso8601('2015-06-17T01:02:03.45Z', "yyyy-MM-dd'T'HH:mm:ss.SSZ")`, "2015-06-17T01:02:03.450Z"},
		{`Time.fromStringToIso8601('12 PM 2015', 'h a yyyy')`, "2015-01-01T12:00:00.000Z"},
		{`Time.fromStringToIso8601('15 PM', 'H a')`, "2000-01-01T15:00:00.000Z"},
		{`Time.fromStringToIso8601('24:00', 'kk:mm')`, "2000-01-01T00:00:00.000Z"},
		{`Time.fromStringToIso8601('2015 200', 'yyyy DDD')`, "2015-07-19T00:00:00.000Z"},
		{`Time.fromIso8601ToString("2015-07-30T23:58:32.009Z", "MM/dd/yyyy")`, "07/30/2015"},
		{`Time.fromIso8601ToString("2015-07-30T23:58:32.009Z", "EEEE EEE e D d MMMM MMM M yy y")`, "Thursday Thu 4 211 30 July Jul 7 15 2015"},
		{
			`Time.fromIso8601ToString("2015-07-30T00:58:32.009+05:30", "H k K h a m s S SSS Z ZZ 'o''clock' ''")`,
			"0 24 0 12 AM 58 32 0 009 +0530 +05:30 o'clock '",
		},
		{`Time.fromIso8601ToString("2015-07-30T13:00:00Z", "H k K h a z ZZZ")`, "13 13 1 1 PM UTC UTC"},
		{`Time.now("EST", "ZZ")`, "-05:00"},
	})
}
