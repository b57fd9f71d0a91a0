package credential

import (
	"slices"
	"strings"
)

// common tells whether a password is one of those that are guessed first,
// ignoring case.
func common(password string) bool {
	_, found := slices.BinarySearch(commonPasswords, strings.ToLower(password))
	return found
}

// commonPasswords are sorted and in lower case.
var commonPasswords = []string{
	"000000", "00000000", "0123456789", "0987654321", "102030", "111111", "11111111", "1111111111", "112233",
	"121212", "123123", "123123123", "123321", "1234", "12341234", "12345", "123456", "1234567", "12345678",
	"123456789", "1234567890", "123456789a", "123456789q", "123456a", "123456q", "123abc", "123qwe", "12qwaszx",
	"131313", "147258", "147258369", "159753", "1password", "1q2w3e", "1q2w3e4r", "1q2w3e4r5t", "1qaz1qaz",
	"1qaz2wsx", "1qaz@wsx", "1qazxsw2", "222222", "222222222", "321321", "333333", "444444", "5201314", "555555",
	"555555555", "654321", "666666", "696969", "6969696969", "777777", "7777777", "789456", "789456123", "888888",
	"88888888", "987654", "987654321", "9876543210", "999999", "99999999", "a123456", "a12345678", "a1b2c3",
	"a1b2c3d4", "aa123456", "aa12345678", "aaaaaa", "aaaaaaaa", "abc123", "abc12345", "abc123456", "abcd123",
	"abcd1234", "abcdabcd", "abcdef", "abcdefg", "abcdefgh", "access", "admin", "admin123", "admin1234",
	"adminadmin", "administrator", "andrew", "anthony", "arsenal", "asd123", "asdasd", "asdf1234", "asdfasdf",
	"asdfgh", "asdfghjk", "asdfghjkl", "ashley", "ashley1", "asshole", "azerty", "azertyuiop", "babygirl", "bailey",
	"baseball", "baseball1", "basketball", "batman", "biteme", "buster", "butterfly", "changeme", "changeme1",
	"charlie", "charlie1", "cheese", "chelsea", "chocolate", "computer", "cookie", "corvette", "cowboys", "daniel",
	"default", "dragon", "dragon12", "drowssap", "fender", "ferrari", "flower", "football", "football1", "freedom",
	"fuckyou", "fuckyou1", "george", "ginger", "google", "guest", "hannah", "harley", "hello", "hello123",
	"hello1234", "hockey", "hunter", "hunter2", "iloveyou", "iloveyou1", "internet", "jackson", "jasmine",
	"jennifer", "jessica", "jessica1", "jesus", "jordan", "jordan23", "joshua", "justin", "killer", "letmein",
	"letmein1", "letmein123", "liverpool", "login", "lovely", "loveme", "maggie", "master", "master1", "matrix",
	"matthew", "mercedes", "merlin", "michael", "michael1", "michelle", "monkey", "monkey123", "mustang", "mynoob",
	"ncc1701", "newyork", "nicole", "ninja", "november", "october", "p@$$w0rd", "p@ssw0rd", "p@ssword", "pa$$w0rd",
	"pa55w0rd", "pa55word", "pass", "pass1234", "passpass", "passw0rd", "passw0rd1", "password", "password!",
	"password01", "password1", "password1!", "password12", "password123", "password1234", "password2", "pepper",
	"phoenix", "player", "pokemon", "princess", "princess1", "purple", "pussycat", "q1w2e3r4", "q1w2e3r4t5",
	"qazwsx", "qazwsx123", "qazwsxedc", "qqww1122", "qwaszx", "qwe123", "qwer1234", "qwer123456", "qwerqwer",
	"qwert", "qwerty", "qwerty1", "qwerty12", "qwerty123", "qwerty1234", "qwertyui", "qwertyuiop", "raiders",
	"ranger", "robert", "root", "samantha", "scooter", "secret", "secret123", "september", "shadow", "silver",
	"soccer", "sophie", "spiderman", "starwars", "steelers", "summer", "summer123", "sunshine", "sunshine1",
	"superman", "superman1", "taylor", "temp1234", "tempest", "temppass", "test", "test123", "test1234", "testing",
	"testtest", "thomas", "thunder", "tigger", "tigger1", "trustme", "trustno1", "tt123456", "user", "user1234",
	"victoria", "welcome", "welcome1", "welcome123", "whatever", "william", "winter", "winter123", "woaini",
	"woaini1314", "xxxxxx", "yankees", "yellow", "zaq12wsx", "zaq1xsw2", "zaq1zaq1", "zxcvbn", "zxcvbnm", "zxcvbnm1",
	"zxcvbnm123",
}
