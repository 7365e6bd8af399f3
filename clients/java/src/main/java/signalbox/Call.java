package signalbox;

import java.time.Duration;

/**
 * A request of the contract.
 *
 * @param path below the server, with the query
 * @param body JSON; null for none
 * @param key the Idempotency-Key; null for none
 * @param timeout until the response is complete
 * @param answer reads the response
 */
record Call<T>(String method, String path, byte[] body, String key, Duration timeout, Answer<T> answer) {}
