using ShareRpc.Server.Connections;

namespace ShareRpc.Tests.Server.Connections;

public sealed class FairPlacesTests
{
    [Theory]
    [InlineData(100, 49, true)]
    [InlineData(100, 50, false)]
    [InlineData(101, 49, true)]
    [InlineData(101, 50, false)]
    [InlineData(20, 15, true)]
    [InlineData(20, 16, false)]
    [InlineData(4, 3, true)]
    [InlineData(4, 4, false)]
    public void One_alone_holds_half_and_a_few_in_any_case(int most, int held, bool isAnother)
    {
        var places = new FairPlaces(most);
        for (int i = 0; i < held; i++) Assert.True(places.TryTake("a"));
        Assert.Equal(isAnother, places.TryTake("a"));
    }

    [Fact]
    public void Who_comes_second_holds_a_third_beside_one_that_holds_another()
    {
        var places = new FairPlaces(99);
        int first = 0, second = 0;
        while (places.TryTake("a") | places.TryTake("b")) (first, second) = (first + 1, second + 1);
        Assert.Equal((33, 33), (first, second));
        Assert.True(places.TryTake("c"));
    }

    [Fact]
    public void A_place_that_was_given_is_free_and_nothing_is_left_of_who_held_it()
    {
        var places = new FairPlaces(2);
        Assert.True(places.TryTake("a"));
        Assert.True(places.TryTake(null));
        Assert.False(places.TryTake("b"));
        places.Give("a");
        Assert.True(places.TryTake("b"));
        places.Give(null);
        places.Give("b");
        for (int i = 0; i < 2; i++) Assert.True(places.TryTake("c"));
        Assert.False(places.TryTake(null));
    }

    [Fact]
    public void Whoever_has_no_share_of_its_own_may_take_all()
    {
        var places = new FairPlaces(50);
        for (int i = 0; i < 50; i++) Assert.True(places.TryTake(null));
        Assert.False(places.TryTake("a"));
    }
}
