using System.Globalization;
using System.Text.RegularExpressions;
using ShareRpc.Protocol.Errors;
using ShareRpc.Server.Http;
using ShareRpc.Tests.Protocol.Vectors;

namespace ShareRpc.Tests.Server.Http;

public sealed partial class HttpStatusTests
{
    [Fact]
    public void The_table_of_statuses_is_what_is_answered()
    {
        List<(int Status, string Code)> rows =
        [
            .. Specification.TableRows(Status()).SelectMany(row => Name().Matches(row[1])
                .Select(code => (int.Parse(row[0], CultureInfo.InvariantCulture), code.Value))),
        ];
        Assert.True(rows.Count > 15);
        Assert.All(rows, row =>
        {
            Assert.True(ErrorCodes.TryParse(row.Code, out ErrorCode code), row.Code);
            Assert.Equal(row.Status, HttpStatus.Of(code));
        });
    }

    [Theory]
    [InlineData(ErrorCode.Overloaded, true)]
    [InlineData(ErrorCode.StorageUnavailable, true)]
    [InlineData(ErrorCode.RateLimited, true)]
    [InlineData(ErrorCode.InvalidToken, false)]
    [InlineData(ErrorCode.CapabilityRevoked, false)]
    public void What_may_succeed_later_has_a_status_that_says_so(ErrorCode code, bool isLater) =>
        Assert.Equal(isLater, HttpStatus.Of(code) is 429 or 503);

    [GeneratedRegex(@"^\d{3}$")]
    private static partial Regex Status();

    [GeneratedRegex("[a-z]+(_[a-z]+)+|internal|forbidden|overloaded|draining")]
    private static partial Regex Name();
}
