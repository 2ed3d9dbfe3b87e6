export { ShareEventBuses } from './bus.js';
export { TaskConflictError, type A2aStoreOptions } from './options.js';
export { SharePushNotificationStore } from './push.js';
export { ShareTaskStore } from './tasks.js';
